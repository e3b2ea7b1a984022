// Convolution, its input gradient and the matrix product in one loop: y[pixel, oc] = sum over ic and taps of
// x[place of (pixel, tap), ic] * w[tap, ic, oc].
//   x [images, H, W, IC], w [taps, IC, OC], y [images, OH, OW, OC], all f32, the last axis contiguous. A matrix product is
//   an image one pixel high under a window of one tap.
// An invocation keeps a patch of output pixels times RUNS * V channels in registers. The lanes of a workgroup have different
// channels of the same patch, so they all read the same part of x: variant `subgroup` loads each position in one lane and
// broadcasts it, `workgroup` passes it through workgroup memory, `register` loads it in every lane. The position that each
// (pixel, tap) reads is static, and unrolled: slot `products` (window.ts).
// Conditions are joined by &, so that one branch guards a store: && is a branch too, and SwiftShader takes minutes to compile
// unrolled stores guarded by two branches.
// Sums run over ic ascending, then taps ascending, with explicit fma: every variant and patch gives the same bits.
// Launch (patches by groups2d, channels / (WIDTH * RUNS * V)). Loads per patch and channel: SOURCE of x, TAPS * RUNS of w.
// @slot enables
enable subgroups;
// @end
const LANES: u32 = 8u; // @param lanes that together hold the source of a patch: at most the smallest subgroup size
const WIDTH: u32 = 8u; // @param lanes per workgroup
const PATCH_ROWS: u32 = 4u; // @param
const PATCH_COLS: u32 = 4u; // @param
const PIXELS: u32 = 16u; // @param PATCH_ROWS * PATCH_COLS
const RUNS: u32 = 1u; // @param runs of V channels per lane
alias V = vec2<f32>; // @param f32, vec2 or vec4, as OC allows
const TAPS: u32 = 9u; // @param of the window
const WINDOW_COLS: u32 = 3u; // @param
// The positions of x that a patch reads: SOURCE_COLS wide, SPACING apart, from (row0 * STEP / STEP_DOWN + offset) on.
const SOURCE: u32 = 36u; // @param
const SOURCE_COLS: u32 = 6u; // @param
const HELD: u32 = 5u; // @param ceil(SOURCE / LANES)
const SPACING_Y: u32 = 1u; // @param
const SPACING_X: u32 = 1u; // @param
const STEP_Y: u32 = 1u; // @param
const STEP_X: u32 = 1u; // @param
const STEP_DOWN_Y: u32 = 1u; // @param
const STEP_DOWN_X: u32 = 1u; // @param
const PIXEL_STEP_Y: u32 = 1u; // @param positions from one pixel to the next: STEP / SPACING
const PIXEL_STEP_X: u32 = 1u; // @param
const CHUNK: u32 = 1u; // @param channels of x that are shared at a time
const DEPTH: u32 = 1u; // @param channels of x per iteration; divides the channels
struct Sizes {
  firstGroup: vec3<u32>, images: u32, inChannels: u32, height: u32, width: u32, outHeight: u32, outWidth: u32, runs: u32, patchCols: u32,
  patches: u32, offsetY: i32, offsetX: i32, firstTap: i32, tapRowStep: i32, tapColStep: i32,
}
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> w: array<V>;
@group(0) @binding(2) var<storage, read> bias: array<V>;
@group(0) @binding(3) var<storage, read_write> y: array<V>;
@group(0) @binding(4) var<uniform> sizes: Sizes;

struct Place { at: u32, isInside: bool }

// Position number `place` of the patch whose source begins at (top, left).
fn place_of(place: u32, image: u32, top: i32, left: i32) -> Place {
  let sy = top + i32(place / SOURCE_COLS * SPACING_Y);
  let sx = left + i32(place % SOURCE_COLS * SPACING_X);
  let isInside = (sy >= 0) & (sy < i32(sizes.height)) & (sx >= 0) & (sx < i32(sizes.width));
  let at = ((image * sizes.height + u32(sy)) * sizes.width + u32(sx)) * sizes.inChannels;
  return Place(select(0u, at, isInside), isInside);
}

fn value_at(place: Place, ic: u32) -> f32 {
  return select(0.0, x[place.at + ic], place.isInside);
}

// The runs of w before those of (tap t of the window, ic).
fn row_of_w(t: u32, ic: u32) -> u32 {
  let tap = u32(sizes.firstTap + i32(t / WINDOW_COLS) * sizes.tapRowStep + i32(t % WINDOW_COLS) * sizes.tapColStep);
  return (tap * sizes.inChannels + ic) * sizes.runs;
}

// @slot memory
// @end

@compute @workgroup_size(WIDTH, 1, 1)
fn conv(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
  // @slot lane_argument
  @builtin(subgroup_invocation_id) subgroupLane: u32,
  // @end
) {
  let patch_index = min(group.y * groups.x + group.x, sizes.images * sizes.patches - 1u); // surplus workgroups repeat the last
  let image = patch_index / sizes.patches;
  let within = patch_index - image * sizes.patches;
  let row0 = within / sizes.patchCols * PATCH_ROWS;
  let col0 = within % sizes.patchCols * PATCH_COLS;
  let top = i32(row0 * STEP_Y / STEP_DOWN_Y) + sizes.offsetY;
  let left = i32(col0 * STEP_X / STEP_DOWN_X) + sizes.offsetX;
  let run0 = (group.z + sizes.firstGroup.z) * WIDTH * RUNS + lane;

  // @slot holder
  let holder = subgroupLane % LANES;
  // @end
  var place: array<Place, HELD>;
  for (var h = 0u; h < HELD; h++) { // @unroll
    place[h] = place_of(h * LANES + holder, image, top, left);
  }
  var acc: array<V, PIXELS * RUNS>;
  // @slot resume
  // @end

  for (var ic = 0u; ic < sizes.inChannels; ic += DEPTH) {
    // @slot pass
    // @end
    var value: array<f32, SOURCE * DEPTH>;
    var weight: array<V, TAPS * RUNS * DEPTH>;
    for (var d = 0u; d < DEPTH; d++) { // @unroll
      // @slot values
      var held: array<f32, HELD>;
      for (var h = 0u; h < HELD; h++) { // @unroll
        held[h] = value_at(place[h], ic + d);
      }
      for (var p = 0u; p < SOURCE; p++) { // @unroll
        value[d * SOURCE + p] = subgroupBroadcast(held[p / LANES], p % LANES);
      }
      // @end
      for (var t = 0u; t < TAPS; t++) { // @unroll
        for (var r = 0u; r < RUNS; r++) { // @unroll
          weight[(d * TAPS + t) * RUNS + r] = w[row_of_w(t, ic + d) + min(run0 + r * WIDTH, sizes.runs - 1u)];
        }
      }
    }
    for (var r = 0u; r < RUNS; r++) { // @unroll
      // @slot products
      for (var i = 0u; i < PIXELS; i++) { // @unroll
        for (var d = 0u; d < DEPTH; d++) { // @unroll
          for (var t = 0u; t < TAPS; t++) { // @unroll
            acc[i * RUNS + r] = fma(V(value[d * SOURCE + (i / PATCH_COLS * PIXEL_STEP_Y + t / WINDOW_COLS) * SOURCE_COLS + i % PATCH_COLS * PIXEL_STEP_X + t % WINDOW_COLS]), weight[(d * TAPS + t) * RUNS + r], acc[i * RUNS + r]);
          }
        }
      }
      // @end
    }
  }

  // @slot rows
  for (var j = 0u; j < PATCH_ROWS; j++) { // @unroll
  // @end
    let row = row0 + j;
    for (var i = 0u; i < PATCH_COLS; i++) { // @unroll
      let col = col0 + i;
      let at = ((image * sizes.outHeight + row) * sizes.outWidth + col) * sizes.runs;
      for (var r = 0u; r < RUNS; r++) { // @unroll
        let run = run0 + r * WIDTH;
        if ((row < sizes.outHeight) & (col < sizes.outWidth) & (run < sizes.runs)) {
          // @slot sum
          let sum = acc[(j * PATCH_COLS + i) * RUNS + r];
          // @end
          // @slot store
          y[at + run] = sum;
          // @end
        }
      }
    }
  }
}
