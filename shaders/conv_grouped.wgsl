// Convolution in groups of channels, channels last: output channels of group g see the input channels of group g only. A
// depthwise convolution has one channel per group. x [N, H, W, IC], w [KH, KW, IC / G, OC], y [N, OH, OW, OC]; one lane per
// element written (groups2d(ceil(count / 64))), each a sum in a fixed order. With T = vec4, for depthwise convolutions, an
// element is four channels; channels and count are then in quads.
alias T = vec4<f32>; // @param f32
struct Sizes {
  count: u32, inChannels: u32, outChannels: u32, inPerGroup: u32, outPerGroup: u32,
  height: u32, width: u32, outHeight: u32, outWidth: u32, kernelHeight: u32, kernelWidth: u32,
  strideY: u32, strideX: u32, padTop: u32, padLeft: u32, linesPerSlice: u32, lines: u32,
}
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read> w: array<T>;
@group(0) @binding(2) var<storage, read_write> y: array<T>;
@group(0) @binding(3) var<storage, read> dy: array<T>;
@group(0) @binding(4) var<storage, read_write> dx: array<T>;
@group(0) @binding(5) var<storage, read_write> dw: array<T>; // [slices, KH, KW, IC / G, OC]
@group(0) @binding(6) var<uniform> sizes: Sizes;

fn index_of(group: vec3<u32>, groups: vec3<u32>, lane: u32) -> u32 {
  return (group.y * groups.x + group.x) * 64u + lane;
}

@compute @workgroup_size(64, 1, 1)
fn forward(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = index_of(group, groups, lane);
  if (i < sizes.count) {
    let channel = i % sizes.outChannels;
    let pixel = i / sizes.outChannels;
    let line = pixel / sizes.outWidth;
    let image = line / sizes.outHeight;
    let top = (line % sizes.outHeight) * sizes.strideY - sizes.padTop; // wraps above the image, and is then >= height
    let left = (pixel % sizes.outWidth) * sizes.strideX - sizes.padLeft;
    let firstIn = channel / sizes.outPerGroup * sizes.inPerGroup;
    var sum = T(0.0);
    for (var ky = 0u; ky < sizes.kernelHeight; ky++) {
      for (var kx = 0u; kx < sizes.kernelWidth; kx++) {
        if (top + ky < sizes.height && left + kx < sizes.width) {
          let start = ((image * sizes.height + top + ky) * sizes.width + left + kx) * sizes.inChannels + firstIn;
          let tap = (ky * sizes.kernelWidth + kx) * sizes.inPerGroup;
          for (var c = 0u; c < sizes.inPerGroup; c++) {
            sum = fma(x[start + c], w[(tap + c) * sizes.outChannels + channel], sum);
          }
        }
      }
    }
    y[i] = sum;
  }
}

// dx = sum over the taps and the output channels of its group of dy, where the tap reads this pixel, times w.
@compute @workgroup_size(64, 1, 1)
fn input_gradient(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = index_of(group, groups, lane);
  if (i < sizes.count) {
    let channel = i % sizes.inChannels;
    let pixel = i / sizes.inChannels;
    let line = pixel / sizes.width;
    let image = line / sizes.height;
    let row = line % sizes.height + sizes.padTop;
    let col = pixel % sizes.width + sizes.padLeft;
    let c = channel % sizes.inPerGroup;
    let firstOut = channel / sizes.inPerGroup * sizes.outPerGroup;
    var sum = T(0.0);
    for (var ky = 0u; ky < sizes.kernelHeight; ky++) {
      let oy = (row - ky) / sizes.strideY; // wraps where ky > row
      let readsRow = row >= ky && oy * sizes.strideY == row - ky && oy < sizes.outHeight;
      for (var kx = 0u; kx < sizes.kernelWidth; kx++) {
        let ox = (col - kx) / sizes.strideX;
        if (readsRow && col >= kx && ox * sizes.strideX == col - kx && ox < sizes.outWidth) {
          let start = ((image * sizes.outHeight + oy) * sizes.outWidth + ox) * sizes.outChannels + firstOut;
          let tap = ((ky * sizes.kernelWidth + kx) * sizes.inPerGroup + c) * sizes.outChannels + firstOut;
          for (var o = 0u; o < sizes.outPerGroup; o++) { sum = fma(dy[start + o], w[tap + o], sum); }
        }
      }
    }
    dx[i] = sum;
  }
}

// dw of a slice of the lines of all images: sum over their pixels of x at the tap times dy.
@compute @workgroup_size(64, 1, 1)
fn weight_gradient(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = index_of(group, groups, lane);
  if (i < sizes.count) {
    let channel = i % sizes.outChannels;
    let c = (i / sizes.outChannels) % sizes.inPerGroup;
    let tap = (i / (sizes.outChannels * sizes.inPerGroup)) % (sizes.kernelHeight * sizes.kernelWidth);
    let slice = i / (sizes.outChannels * sizes.inPerGroup * sizes.kernelHeight * sizes.kernelWidth);
    let ky = tap / sizes.kernelWidth;
    let kx = tap % sizes.kernelWidth;
    let inChannel = channel / sizes.outPerGroup * sizes.inPerGroup + c;
    let end = min((slice + 1u) * sizes.linesPerSlice, sizes.lines);
    var sum = T(0.0);
    for (var line = slice * sizes.linesPerSlice; line < end; line++) {
      let row = (line % sizes.outHeight) * sizes.strideY + ky - sizes.padTop;
      if (row < sizes.height) {
        let start = (line / sizes.outHeight * sizes.height + row) * sizes.width;
        for (var ox = 0u; ox < sizes.outWidth; ox++) {
          let col = ox * sizes.strideX + kx - sizes.padLeft;
          if (col < sizes.width) {
            let value = x[(start + col) * sizes.inChannels + inChannel];
            sum = fma(value, dy[(line * sizes.outWidth + ox) * sizes.outChannels + channel], sum);
          }
        }
      }
    }
    dw[i] = sum;
  }
}
