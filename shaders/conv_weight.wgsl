// Weight gradient of a convolution: dw[tap, ic, oc] = sum over images and output pixels of x[place of (pixel, tap), ic] *
// dy[pixel, oc]. x [images, H, W, IC], dy [images, OH, OW, OC], y [slices, taps, IC, OC], all f32, last axis contiguous.
// An invocation keeps all taps times CHANNELS of ic times a run of V of oc in registers, and loops over the patches of its
// slice of the sum. The lanes of a workgroup have different oc and share what the patch reads of x, as in conv.wgsl, with
// the same variants. slices_sum.wgsl adds the slices.
// Sums run over patches ascending, then pixels ascending, with explicit fma: for the same slices every variant gives the same
// bits. Launch (oc / (WIDTH * V), IC / CHANNELS, slices). Loads per patch: SOURCE * CHANNELS of x (by four with E = vec4),
// PIXELS of dy.
// @slot enables
enable subgroups;
// @end
const LANES: u32 = 8u; // @param lanes that together hold the source of a patch: at most the smallest subgroup size
const WIDTH: u32 = 8u; // @param lanes per workgroup
const PATCH_ROWS: u32 = 2u; // @param
const PATCH_COLS: u32 = 4u; // @param
const PIXELS: u32 = 8u; // @param PATCH_ROWS * PATCH_COLS
const STACK: u32 = 1u; // @param patches in a column of patches
alias V = vec2<f32>; // @param f32, vec2 or vec4, as OC allows
const TAPS: u32 = 9u; // @param of the window
const WINDOW_COLS: u32 = 3u; // @param
const CHANNELS: u32 = 4u; // @param ic per invocation
alias E = vec4<f32>; // @param f32 if IC is not a multiple of 4: the type of one load of x
const LOADS: u32 = 1u; // @param loads per position: 1 with E = vec4, CHANNELS with f32
const SOURCE: u32 = 24u; // @param positions of x that a patch reads, SOURCE_COLS wide
const SOURCE_COLS: u32 = 6u; // @param
const HELD: u32 = 3u; // @param ceil(SOURCE * LOADS / LANES)
const SPACING_Y: u32 = 1u; // @param
const SPACING_X: u32 = 1u; // @param
const STEP_Y: u32 = 1u; // @param
const STEP_X: u32 = 1u; // @param
const PIXEL_STEP_Y: u32 = 1u; // @param positions from one pixel to the next: STEP / SPACING
const PIXEL_STEP_X: u32 = 1u; // @param
struct Sizes {
  firstGroup: vec3<u32>, images: u32, inChannels: u32, height: u32, width: u32, outHeight: u32, outWidth: u32, runs: u32, patchCols: u32,
  patches: u32, offsetY: i32, offsetX: i32, patchesPerSlice: u32, firstTap: u32, tapRowStep: u32, taps: u32,
}
@group(0) @binding(0) var<storage, read> x: array<E>;
@group(0) @binding(1) var<storage, read> dy: array<V>;
@group(0) @binding(2) var<storage, read_write> y: array<V>;
@group(0) @binding(3) var<uniform> sizes: Sizes;

// Load `entry` of the patch whose source begins at (top, left): one channel of a position, or the next four; 0 outside.
fn load(entry: u32, image: u32, top: i32, left: i32, ic0: u32) -> E {
  let place = entry / LOADS;
  let ic = ic0 + entry % LOADS;
  let sy = top + i32(place / SOURCE_COLS * SPACING_Y);
  let sx = left + i32(place % SOURCE_COLS * SPACING_X);
  let isInside = (sy >= 0) & (sy < i32(sizes.height)) & (sx >= 0) & (sx < i32(sizes.width)) & (ic < sizes.inChannels);
  let at = ((image * sizes.height + u32(sy)) * sizes.width + u32(sx)) * sizes.inChannels + ic;
  return select(E(0.0), x[select(0u, at, isInside) * LOADS / CHANNELS], isInside);
}

fn load_dy(image: u32, row: u32, col: u32, run: u32) -> V {
  let isInside = (row < sizes.outHeight) & (col < sizes.outWidth);
  let at = ((image * sizes.outHeight + row) * sizes.outWidth + col) * sizes.runs + min(run, sizes.runs - 1u);
  return select(V(0.0), dy[select(0u, at, isInside)], isInside);
}

// @slot memory
// @end

@compute @workgroup_size(WIDTH, 1, 1)
fn conv_weight(
  @builtin(workgroup_id) id: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
  // @slot lane_argument
  @builtin(subgroup_invocation_id) subgroupLane: u32,
  // @end
) {
  let group = id + sizes.firstGroup;
  let run = group.x * WIDTH + lane;
  let ic0 = group.y * CHANNELS;
  var acc: array<V, TAPS * CHANNELS>;
  let first = group.z * sizes.patchesPerSlice;
  let end = min(first + sizes.patchesPerSlice, sizes.images * sizes.patches);
  // updated from patch to patch, as CPUs divide lane by lane
  var image = first / sizes.patches;
  let within = first - image * sizes.patches;
  var row0 = (within / (sizes.patchCols * STACK) * STACK + within % STACK) * PATCH_ROWS;
  var col0 = within / STACK % sizes.patchCols * PATCH_COLS;
  for (var patch_index = first; patch_index < end; patch_index++) {
    let top = i32(row0 * STEP_Y) + sizes.offsetY;
    let left = i32(col0 * STEP_X) + sizes.offsetX;
    var value: array<E, SOURCE * LOADS>;
    // @slot values
    var held: array<E, HELD>;
    for (var h = 0u; h < HELD; h++) { // @unroll
      held[h] = load(h * LANES + subgroupLane % LANES, image, top, left, ic0);
    }
    for (var p = 0u; p < SOURCE * LOADS; p++) { // @unroll
      value[p] = subgroupBroadcast(held[p / LANES], p % LANES);
    }
    // @end
    var g: array<V, PIXELS>;
    for (var i = 0u; i < PIXELS; i++) { // @unroll
      g[i] = load_dy(image, row0 + i / PATCH_COLS, col0 + i % PATCH_COLS, run);
    }
    for (var i = 0u; i < PIXELS; i++) { // @unroll
      for (var t = 0u; t < TAPS; t++) { // @unroll
        for (var c = 0u; c < CHANNELS; c++) { // @unroll
          // @slot product
          acc[t * CHANNELS + c] = fma(V(value[(i / PATCH_COLS * PIXEL_STEP_Y + t / WINDOW_COLS) * SOURCE_COLS + i % PATCH_COLS * PIXEL_STEP_X + t % WINDOW_COLS][c]), g[i], acc[t * CHANNELS + c]);
          // @end
        }
      }
    }
    let isAbove = (row0 / PATCH_ROWS + 1u) % STACK != 0u; // the next patch is below
    let next_col = select(col0 + PATCH_COLS, col0, isAbove);
    let isRowDone = next_col >= sizes.outWidth;
    let row_of_stack = row0 / (PATCH_ROWS * STACK) * (PATCH_ROWS * STACK);
    let next_row = row_of_stack + select(0u, PATCH_ROWS * STACK, isRowDone);
    let isImageDone = !isAbove & (next_row >= sizes.outHeight);
    col0 = select(next_col, 0u, isRowDone);
    row0 = select(select(next_row, 0u, isImageDone), row0 + PATCH_ROWS, isAbove);
    image += select(0u, 1u, isImageDone);
  }
  // a loop, although it has to index acc: 36 unrolled stores take compilers longer than all products
  let stored = select(0u, TAPS, run < sizes.runs);
  for (var t = 0u; t < stored; t++) {
    let tap = sizes.firstTap + t / WINDOW_COLS * sizes.tapRowStep + t % WINDOW_COLS;
    for (var c = 0u; c < CHANNELS; c++) { // @unroll
      if (ic0 + c < sizes.inChannels) {
        var sum = V(0.0);
        for (var k = 0u; k < TAPS; k++) { // @unroll
          sum = select(sum, acc[k * CHANNELS + c], t == k);
        }
        y[((group.z * sizes.taps + tap) * sizes.inChannels + ic0 + c) * sizes.runs + run] = sum;
      }
    }
  }
}
