// Shifted copies of square views: perhaps flipped, moved with reflected borders, then turned counterclockwise.
//   x [V, S, S, 3], y [R, S, S, 3]; row r of y is view rows[r].view of x
// Launch groups2d(ceil(R * S * S / 64)).
struct Sizes { rows: u32, side: u32 }
struct Row { view: u32, turns: u32, right: i32, down: i32 } // turns: 4 more for a flip
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> rows: array<Row>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<uniform> sizes: Sizes;

// The border pixel itself is not repeated; at < 2 side - 1 from either end.
fn reflected(at: i32) -> u32 {
  let last = i32(sizes.side) - 1;
  return u32(last - abs(last - abs(at)));
}

@compute @workgroup_size(64, 1, 1)
fn shift(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.y * groups.x + group.x) * 64u + lane;
  let side = sizes.side;
  if (i < sizes.rows * side * side) {
    let row = rows[i / (side * side)];
    var line = (i / side) % side;
    var column = i % side;
    for (var turn = 0u; turn < row.turns % 4u; turn++) {
      let before = line;
      line = column;
      column = side - 1u - before;
    }
    let from_line = reflected(i32(line) - row.down);
    let moved = reflected(i32(column) - row.right);
    let from_column = select(moved, side - 1u - moved, row.turns >= 4u);
    let at = ((row.view * side + from_line) * side + from_column) * 3u;
    y[3u * i] = x[at];
    y[3u * i + 1u] = x[at + 1u];
    y[3u * i + 2u] = x[at + 2u];
  }
}
