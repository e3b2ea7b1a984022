// Augmented views of uint8 images, with torchvision's transforms (docs/methods.md 5): crop, flip, color jitter, grayscale,
// noise, normalize. Four launches: `draw_views` draws the random numbers of each view, `resample` crops, resizes and flips,
// `gray_means` computes the means for the contrast step, `finish` changes colors and normalizes. Which transforms, and how
// strong, are uniforms. `normalize_contrast` is a fifth launch, for global contrast normalization.
//   pixels: R, G, B bytes, four to a word; images[slot] = (first word, width, height, key of its draws, copy, round)
//   views [V, S, S, 3] f32: stream after stream of images, each with view 1 of all its images, then view 2, and so on
// The draws of a view depend only on its image's key, which the host derives from (seed, stream, content of the image),
// and on (copy, round, number of the view), not on its place in the batch or the order of the work.
const PLAIN: bool = false; // @param true: view 0 of each image is its center, not augmented
struct Sizes {
  views: u32, side: u32, batch: u32, smallestArea: f32, largestArea: f32,
  crop: u32, // 0 resized, 1 window, 2 center
  flip: f32, jitter: f32, gray: f32, // probabilities
  noise: f32,
  lowest: vec4<f32>, highest: vec4<f32>, // of the jitter's factors and its hue shift
  streamStarts: vec4<u32>, // each stream's first view; `views` for those that there are not
  mean: vec4<f32>, perStd: vec4<f32>,
}
struct Image { firstWord: u32, width: u32, height: u32, key0: u32, key1: u32, copy: u32, round: u32 }
struct Draws {
  // the crop in pixels of the image, and whether it is flipped, jittered, gray
  left: f32, top: f32, width: f32, height: f32, isFlipped: u32, isJittered: u32, isGray: u32,
  // op k of the jitter is order[k]: 0 brightness, 1 contrast, 2 saturation, 3 hue; factor[op] its factor or shift
  order: vec4<u32>, factor: vec4<f32>,
}
@group(0) @binding(0) var<storage, read> pixels: array<u32>;
@group(0) @binding(1) var<storage, read> images: array<Image>;
@group(0) @binding(2) var<storage, read_write> draws_out: array<Draws>;
@group(0) @binding(3) var<storage, read> draws: array<Draws>;
@group(0) @binding(4) var<storage, read_write> colors_out: array<f32>;
@group(0) @binding(5) var<storage, read> colors: array<f32>;
@group(0) @binding(6) var<storage, read_write> grays_out: array<f32>;
@group(0) @binding(7) var<storage, read> grays: array<f32>;
@group(0) @binding(8) var<storage, read_write> views: array<f32>;
@group(0) @binding(9) var<uniform> sizes: Sizes;

// @slot random
fn threefry2x32(key: vec2<u32>, counter: vec2<u32>) -> vec2<u32> { return key ^ counter; } // random.wgsl replaces it
fn uniform01(bits: u32) -> f32 { return f32(bits >> 8u) / 16777216.0; }
// @end

fn stream_of(view: u32) -> u32 {
  let starts = sizes.streamStarts;
  return select(0u, 1u, view >= starts.y) + select(0u, 1u, view >= starts.z) + select(0u, 1u, view >= starts.w);
}

// Position among the images of all streams.
fn slot_of(view: u32) -> u32 {
  let stream = stream_of(view);
  return stream * sizes.batch + (view - sizes.streamStarts[stream]) % sizes.batch;
}

// Which of its image's views it is.
fn number_of(view: u32) -> u32 {
  return (view - sizes.streamStarts[stream_of(view)]) / sizes.batch;
}

// Draw d of a view: two uniform numbers. Counter: the image's copy; round (20 bits), view (6) and draw (6).
fn draw(image: Image, number: u32, d: u32) -> vec2<f32> {
  let counter = vec2<u32>(image.copy, (image.round << 12u) | (number << 6u) | d);
  let bits = threefry2x32(vec2<u32>(image.key0, image.key1), counter);
  return vec2<f32>(uniform01(bits.x), uniform01(bits.y));
}

// e^x for |x| <= 0.3, to a relative error of 1e-8: a Taylor polynomial, as exp() differs between adapters.
fn exp_small(x: f32) -> f32 {
  return 1.0 + x * (1.0 + x / 2.0 * (1.0 + x / 3.0 * (1.0 + x / 4.0 * (1.0 + x / 5.0 * (1.0 + x / 6.0)))));
}

const LOG_4_3: f32 = 0.28768207245178096;
const TRIES: u32 = 10u;

// Area fraction U(scale), log of the aspect ratio U(log 3/4, log 4/3). A crop that does not fit is redrawn, up to 10 times;
// then the largest central crop within the ratios is used. Returns left, top, width, height.
fn draw_crop(image: Image, number: u32) -> vec4<f32> {
  let whole = vec2<f32>(f32(image.width), f32(image.height));
  var crop = vec2<f32>(min(whole.x, floor(whole.y * 4.0 / 3.0 + 0.5)), min(whole.y, floor(whole.x * 4.0 / 3.0 + 0.5)));
  var place = vec2<f32>(0.49999); // the center, rounded down
  var isFound = false;
  for (var d = 0u; d < TRIES; d++) {
    if (!isFound) {
      let u = draw(image, number, d);
      let area = whole.x * whole.y * mix(sizes.smallestArea, sizes.largestArea, u.x);
      let ratio = exp_small(LOG_4_3 * (2.0 * u.y - 1.0));
      let size = floor(sqrt(vec2<f32>(area * ratio, area / ratio)) + 0.5);
      if (all(size >= vec2<f32>(1.0)) && all(size <= whole)) {
        isFound = true;
        crop = size;
        place = draw(image, number, TRIES);
      }
    }
  }
  let corner = floor(place * (whole - crop + 1.0));
  return vec4<f32>(min(corner, whole - crop), crop);
}

// The central square of the view's side. Of an image smaller than the view it enlarges the largest one.
fn center_crop(image: Image) -> vec4<f32> {
  let whole = vec2<f32>(f32(image.width), f32(image.height));
  let side = min(f32(sizes.side), min(whole.x, whole.y));
  return vec4<f32>(round((whole - side) / 2.0), vec2<f32>(side)); // half to even, as torchvision
}

// A square of the view's side, anywhere. An image without room for it has a black border of an eighth of the side.
fn window_crop(image: Image, number: u32) -> vec4<f32> {
  let whole = vec2<f32>(f32(image.width), f32(image.height));
  let shorter = min(whole.x, whole.y);
  let side = min(f32(sizes.side), shorter);
  let border = select(0.0, floor(side / 8.0), shorter <= f32(sizes.side));
  let room = whole - side + 2.0 * border;
  let corner = floor(draw(image, number, TRIES) * (room + 1.0));
  return vec4<f32>(min(corner, room) - border, vec2<f32>(side));
}

// The k-th of the 24 permutations of four.
fn order_of(k: u32) -> vec4<u32> {
  var left = vec4<u32>(0u, 1u, 2u, 3u);
  var order = vec4<u32>(0u);
  var rest = k;
  for (var i = 0u; i < 4u; i++) {
    let count = 4u - i;
    let pick = rest % count;
    rest /= count;
    order[i] = left[pick];
    left[pick] = left[count - 1u];
  }
  return order;
}

// Launch (ceil(views / 64), 1, 1).
@compute @workgroup_size(64, 1, 1)
fn draw_views(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
  let view = group.x * 64u + lane;
  if (view < sizes.views) {
    let image = images[slot_of(view)];
    let number = number_of(view);
    var d: Draws;
    let isPlain = PLAIN && number == 0u;
    var crop = center_crop(image);
    if (!isPlain && sizes.crop == 0u) { crop = draw_crop(image, number); }
    if (!isPlain && sizes.crop == 1u) { crop = window_crop(image, number); }
    d.left = crop.x;
    d.top = crop.y;
    d.width = crop.z;
    d.height = crop.w;
    if (!isPlain) {
      let first = draw(image, number, TRIES + 1u);
      let second = draw(image, number, TRIES + 2u);
      let third = draw(image, number, TRIES + 3u);
      let last = draw(image, number, TRIES + 4u);
      d.isFlipped = select(0u, 1u, first.x < sizes.flip);
      d.isJittered = select(0u, 1u, first.y < sizes.jitter);
      d.factor = vec4<f32>(
        mix(sizes.lowest.x, sizes.highest.x, second.x),
        mix(sizes.lowest.y, sizes.highest.y, second.y),
        mix(sizes.lowest.z, sizes.highest.z, third.x),
        mix(sizes.lowest.w, sizes.highest.w, third.y),
      );
      d.order = order_of(u32(last.x * 24.0));
      d.isGray = select(0u, 1u, last.y < sizes.gray);
    }
    draws_out[view] = d;
  }
}

fn byte_at(at: u32) -> f32 {
  return f32((pixels[at / 4u] >> (8u * (at % 4u))) & 255u);
}

// Black outside of the image, where a crop reaches into its border.
fn source_color(image: Image, x: i32, y: i32) -> vec3<f32> {
  if (min(x, y) < 0 || x >= i32(image.width) || y >= i32(image.height)) { return vec3<f32>(0.0); }
  let at = image.firstWord * 4u + (u32(y) * image.width + u32(x)) * 3u;
  return vec3<f32>(byte_at(at), byte_at(at + 1u), byte_at(at + 2u)) / 255.0;
}

// Source pixels [first, end) of target pixel o, along one axis: a triangle of half-width max(scale, 1) around the center
// of the pixel, cut off at the edges of the crop (torchvision's antialias=True).
struct Taps { first: i32, end: i32, center: f32, perSupport: f32 }

fn taps_of(o: u32, scale: f32, start: f32, length: f32) -> Taps {
  let support = max(scale, 1.0);
  let center = (f32(o) + 0.5) * scale;
  let first = max(floor(center - support + 0.5), 0.0);
  let end = min(floor(center + support + 0.5), length);
  return Taps(i32(start + first), i32(start + end), start + center, 1.0 / support);
}

fn weight_of(taps: Taps, at: i32) -> f32 {
  return max(1.0 - abs(f32(at) + 0.5 - taps.center) * taps.perSupport, 0.0);
}

// Launch groups2d(ceil(views * side * side / 64)).
@compute @workgroup_size(64, 1, 1)
fn resample(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.y * groups.x + group.x) * 64u + lane;
  let side = sizes.side;
  if (i < sizes.views * side * side) {
    let view = i / (side * side);
    let row = (i / side) % side;
    let col = i % side;
    let image = images[slot_of(view)];
    let d = draws[view];
    let columns = taps_of(select(col, side - 1u - col, d.isFlipped == 1u), d.width / f32(side), d.left, d.width);
    let rows = taps_of(row, d.height / f32(side), d.top, d.height);
    var sum = vec3<f32>(0.0);
    var total = 0.0;
    for (var y = rows.first; y < rows.end; y++) {
      let rowWeight = weight_of(rows, y);
      for (var x = columns.first; x < columns.end; x++) {
        let weight = rowWeight * weight_of(columns, x);
        sum = fma(source_color(image, x, y), vec3<f32>(weight), sum);
        total += weight;
      }
    }
    let color = sum / total;
    colors_out[3u * i] = color.x;
    colors_out[3u * i + 1u] = color.y;
    colors_out[3u * i + 2u] = color.z;
  }
}

fn gray_of(color: vec3<f32>) -> f32 {
  return fma(color.z, 0.114, fma(color.y, 0.587, color.x * 0.299));
}

// Via hue, saturation and value, as torchvision's adjust_hue.
fn shift_hue(color: vec3<f32>, shift: f32) -> vec3<f32> {
  let value = max(color.x, max(color.y, color.z));
  let chroma = value - min(color.x, min(color.y, color.z));
  if (chroma == 0.0) { return color; }
  let saturation = chroma / value;
  let c = (vec3<f32>(value) - color) / chroma;
  var sixths = 4.0 + c.y - c.x; // blue is the largest
  if (value == color.y) { sixths = 2.0 + c.x - c.z; }
  if (value == color.x) { sixths = c.z - c.y; }
  let hue = sixths / 6.0 + 1.0 + shift;
  let h = (hue - floor(hue)) * 6.0;
  let sector = min(floor(h), 5.0);
  let f = h - sector;
  let p = value * (1.0 - saturation);
  let q = value * (1.0 - saturation * f);
  let t = value * (1.0 - saturation * (1.0 - f));
  switch u32(sector) {
    case 0u: { return vec3<f32>(value, t, p); }
    case 1u: { return vec3<f32>(q, value, p); }
    case 2u: { return vec3<f32>(p, value, t); }
    case 3u: { return vec3<f32>(p, q, value); }
    case 4u: { return vec3<f32>(t, p, value); }
    default: { return vec3<f32>(value, p, q); }
  }
}

fn jitter(color: vec3<f32>, op: u32, factor: f32, grayMean: f32) -> vec3<f32> {
  var result = color;
  switch op {
    case 0u: { result = color * factor; }
    case 1u: { result = mix(vec3<f32>(grayMean), color, factor); }
    case 2u: { result = mix(vec3<f32>(gray_of(color)), color, factor); }
    default: { result = shift_hue(color, factor); }
  }
  return clamp(result, vec3<f32>(0.0), vec3<f32>(1.0));
}

fn color_at(i: u32) -> vec3<f32> {
  return vec3<f32>(colors[3u * i], colors[3u * i + 1u], colors[3u * i + 2u]);
}

var<workgroup> sums: array<f32, 64>;

// Mean gray value of each jittered view just before its contrast step. One workgroup per view; launch groups2d(views).
@compute @workgroup_size(64, 1, 1)
fn gray_means(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let view = min(group.y * groups.x + group.x, sizes.views - 1u); // surplus workgroups repeat the last view
  let d = draws[view];
  let count = sizes.side * sizes.side;
  var sum = 0.0;
  for (var pixel = lane; pixel < count; pixel += 64u) {
    var color = color_at(view * count + pixel);
    var isBefore = true;
    for (var k = 0u; k < 4u; k++) {
      isBefore = isBefore && d.order[k] != 1u;
      if (isBefore) { color = jitter(color, d.order[k], d.factor[d.order[k]], 0.0); }
    }
    sum += gray_of(color);
  }
  sums[lane] = sum;
  workgroupBarrier();
  for (var width = 32u; width > 0u; width /= 2u) {
    if (lane < width) { sums[lane] += sums[lane + width]; }
    workgroupBarrier();
  }
  if (lane == 0u) { grays_out[view] = sums[0] / f32(count); }
}

// A number of mean 0 and deviation 1 that is close to normal: the sum of the eight bytes of two words, by the central limit
// theorem. 209.02153 is the deviation of that sum, sqrt(8 (256^2 - 1) / 12).
fn noise_of(bits: vec2<u32>) -> f32 {
  var sum = 0.0;
  for (var shift = 0u; shift < 32u; shift += 8u) {
    sum += f32(((bits.x >> shift) & 255u) + ((bits.y >> shift) & 255u));
  }
  return (sum - 1020.0) / 209.02153;
}

// The noise of a pixel, which the slot `noise` adds: blocks of a key of the view's own (draw 63), with pixel and channel as their counter.
fn pixel_noise(view: u32, pixel: u32) -> vec3<f32> {
  let number = number_of(view);
  if (PLAIN && number == 0u) { return vec3<f32>(0.0); }
  let image = images[slot_of(view)];
  let counter = vec2<u32>(image.copy, (image.round << 12u) | (number << 6u) | 63u);
  let key = threefry2x32(vec2<u32>(image.key0, image.key1), counter);
  var noise = vec3<f32>(0.0);
  for (var channel = 0u; channel < 3u; channel++) {
    noise[channel] = noise_of(threefry2x32(key, vec2<u32>(pixel, channel)));
  }
  return noise * sizes.noise;
}

// Launch as resample.
@compute @workgroup_size(64, 1, 1)
fn finish(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let i = (group.y * groups.x + group.x) * 64u + lane;
  if (i < sizes.views * sizes.side * sizes.side) {
    let view = i / (sizes.side * sizes.side);
    let d = draws[view];
    var color = color_at(i);
    if (d.isJittered == 1u) {
      for (var k = 0u; k < 4u; k++) { color = jitter(color, d.order[k], d.factor[d.order[k]], grays[view]); }
    }
    if (d.isGray == 1u) { color = vec3<f32>(gray_of(color)); }
    // @slot noise
    // @end
    let normalized = (color - sizes.mean.xyz) * sizes.perStd.xyz;
    views[3u * i] = normalized.x;
    views[3u * i + 1u] = normalized.y;
    views[3u * i + 2u] = normalized.z;
  }
}

// Global contrast normalization: subtracts the mean of all values of a view and divides by their mean absolute deviation,
// unless that is 0. In place; one workgroup per view; launch groups2d(views).
@compute @workgroup_size(64, 1, 1)
fn normalize_contrast(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let view = group.y * groups.x + group.x;
  let count = select(0u, 3u * sizes.side * sizes.side, view < sizes.views); // surplus workgroups change nothing
  let first = view * count;
  var sum = 0.0;
  for (var i = lane; i < count; i += 64u) { sum += views[first + i]; }
  sums[lane] = sum;
  workgroupBarrier();
  for (var width = 32u; width > 0u; width /= 2u) {
    if (lane < width) { sums[lane] += sums[lane + width]; }
    workgroupBarrier();
  }
  let mean = sums[0] / f32(max(count, 1u));
  workgroupBarrier(); // before the next sum overwrites it
  var deviations = 0.0;
  for (var i = lane; i < count; i += 64u) { deviations += abs(views[first + i] - mean); }
  sums[lane] = deviations;
  workgroupBarrier();
  for (var width = 32u; width > 0u; width /= 2u) {
    if (lane < width) { sums[lane] += sums[lane + width]; }
    workgroupBarrier();
  }
  let deviation = sums[0] / f32(max(count, 1u));
  let factor = select(1.0, 1.0 / deviation, deviation > 0.0);
  for (var i = lane; i < count; i += 64u) { views[first + i] = (views[first + i] - mean) * factor; }
}
