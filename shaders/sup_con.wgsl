// The part of SupCLR's loss that depends on labels (docs/methods.md 1.6), for unit rows z [N, D]. P(i): the other rows with
// the label of row i. lse_i comes from nt_xent.wgsl.
//   losses[i] = lse_i - z_i . (sum of z_p over P(i)) / (|P(i)| temperature), 0 where P(i) is empty
//   pulls[i] = 2 / |P(i)| * sum of z_p over P(i): the gradient of the positive terms, as |P(p)| = |P(i)|
//   push_lse[i] = lse_i, or a number so large that exp(s - it) is 0 where P(i) is empty
// A workgroup has one row; its lanes share the columns. Launch groups2d(N). Sums: j ascending; the dot product per lane,
// then a tree.
struct Sizes { rows: u32, cols: u32, perTemperature: f32 }
@group(0) @binding(0) var<storage, read> z: array<f32>;
@group(0) @binding(1) var<storage, read> labels: array<u32>;
@group(0) @binding(2) var<storage, read> lse: array<f32>;
@group(0) @binding(3) var<storage, read_write> losses: array<f32>;
@group(0) @binding(4) var<storage, read_write> pulls: array<f32>;
@group(0) @binding(5) var<storage, read_write> push_lse: array<f32>;
@group(0) @binding(6) var<uniform> sizes: Sizes;

var<workgroup> products: array<f32, 64>;

@compute @workgroup_size(64, 1, 1)
fn sup_con(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = group.y * groups.x + group.x;
  let row = min(index, sizes.rows - 1u); // surplus workgroups repeat the last row, as barriers need all, and write nothing
  let label = labels[row];
  var count = 0.0;
  for (var j = 0u; j < sizes.rows; j++) {
    if ((j != row) & (labels[j] == label)) { count += 1.0; }
  }
  var product = 0.0;
  for (var col = lane; col < sizes.cols; col += 64u) {
    var sum = 0.0;
    for (var j = 0u; j < sizes.rows; j++) {
      if ((j != row) & (labels[j] == label)) { sum += z[j * sizes.cols + col]; }
    }
    let mean = sum / max(count, 1.0);
    if (index == row) { pulls[row * sizes.cols + col] = 2.0 * mean; }
    product += mean * z[row * sizes.cols + col];
  }
  products[lane] = product;
  workgroupBarrier();
  for (var width = 32u; width > 0u; width /= 2u) {
    if (lane < width) { products[lane] += products[lane + width]; }
    workgroupBarrier();
  }
  if ((lane == 0u) & (index == row)) {
    losses[row] = select(lse[row] - products[0] * sizes.perTemperature, 0.0, count == 0.0);
    push_lse[row] = select(lse[row], 3.0e38, count == 0.0);
  }
}
