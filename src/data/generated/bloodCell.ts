/**
 * Draws a stained blood cell as seen under a microscope: the white cell in the middle, pale red cells around it. As in real
 * blood, the five types differ in the shape of the nucleus, the granules, the size and the color of the cytoplasm, and
 * overlap in all of these except the first. Lengths are in pixels; the origin is the center of the image.
 */
import type { RandomStream } from '../../../runtime/index.ts';
import type { RgbImage } from '../imageSet.ts';
import { type Color, clamp, direction, length, mix, mixColors, NoiseField, type Point, smoothStep } from './drawing.ts';

export type CellKind = 'Basophil' | 'Eosinophil' | 'Lymphocyte' | 'Monocyte' | 'Neutrophil';

/** A thick line with round caps; nuclei are built from these. A disc when both ends coincide. */
interface Capsule {
  from: Point;
  to: Point;
  radius: number;
}

interface Granules {
  count: number;
  color: Color;
  radius: readonly [number, number];
  opacity: number;
  /** Opacity over the nucleus, 0 to 1. */
  overNucleus: number;
}

interface CellPlan {
  radius: number;
  cytoplasm: Color;
  nucleus: Capsule[];
  /** Darkness of the nucleus; 1 is the darkest. */
  contrast: number;
  /** Distance over which parts of the nucleus blend. */
  melt: number;
  granules: Granules[];
}

/** Image side in pixels. */
export const CELL_SIDE = 48;

const MIDDLE = CELL_SIDE / 2;
const NUCLEUS: Color = [92, 44, 128];
const BACKGROUND: Color = [240, 222, 216];
const RED_CELL: Color = [224, 168, 158];

/** The image of a cell; every choice is drawn from the stream. */
export function drawBloodCell(kind: CellKind, random: RandomStream): RgbImage {
  const plan = PLANS[kind](random);
  const picture = new Picture(random);
  picture.drawRedCells(plan.radius);
  picture.drawWhiteCell(plan);
  return picture.develop();
}

const polar = (turns: number, length: number): Point => {
  const [x, y] = direction(turns);
  return [x * length, y * length];
};

const disc = (center: Point, radius: number): Capsule => ({ from: center, to: center, radius });

/** Discs along an arc around the center of the cell, joined by thin strands. */
function lobes(random: RandomStream, count: number, distance: number, radius: readonly [number, number], step: number) {
  const start = random.next();
  const centers = Array.from({ length: count }, (_, index) =>
    polar(start + step * index + random.uniform(-0.03, 0.03), distance * random.uniform(0.85, 1.1)),
  );
  const discs = centers.map((center) => disc(center, random.uniform(radius[0], radius[1])));
  const strands = centers.slice(1).map((to, index) => ({ from: centers[index], to, radius: radius[0] * 0.3 }));
  return [...discs, ...strands];
}

const PLANS: Record<CellKind, (random: RandomStream) => CellPlan> = {
  // Two or three blurred lobes under dark, coarse granules.
  Basophil: (random) => {
    const radius = random.uniform(13, 16.5);
    const start = random.next();
    const nucleus = [0, 1, 2].map((index) =>
      disc(polar(start + index / 3, radius * random.uniform(0.15, 0.4)), radius * random.uniform(0.36, 0.5)),
    );
    const granules: Granules = {
      count: 22 + random.integer(22),
      color: [62, 30, 96],
      radius: [0.9, 1.9],
      opacity: random.uniform(0.6, 0.95),
      overNucleus: 0.8,
    };
    return { radius, cytoplasm: [206, 172, 208], nucleus, contrast: 0.6, melt: 4, granules: [granules] };
  },
  // Two lobes; the rest is full of orange granules.
  Eosinophil: (random) => {
    const radius = random.uniform(13.5, 17);
    const count = random.next() < 0.85 ? 2 : 3;
    const nucleus = lobes(random, count, radius * 0.42, [radius * 0.28, radius * 0.38], count === 2 ? 0.42 : 0.27);
    const granules: Granules = {
      count: 50 + random.integer(50),
      color: [228, 122, 84],
      radius: [1.1, 1.9],
      opacity: random.uniform(0.7, 1),
      overNucleus: 0.25,
    };
    return { radius, cytoplasm: [234, 188, 176], nucleus, contrast: 0.85, melt: 1.5, granules: [granules] };
  },
  // One round nucleus that nearly fills a small cell.
  Lymphocyte: (random) => {
    const radius = random.uniform(8.5, 12);
    const at = polar(random.next(), radius * random.uniform(0, 0.14));
    const stretch = polar(random.next(), radius * random.uniform(0, 0.12));
    const to: Point = [at[0] + stretch[0], at[1] + stretch[1]];
    const nucleus = [{ from: at, to, radius: radius * random.uniform(0.76, 0.88) }];
    return { radius, cytoplasm: [176, 190, 224], nucleus, contrast: 0.95, melt: 1, granules: [] };
  },
  // A thick bent bar (a kidney shape) in a large gray-blue cell.
  Monocyte: (random) => {
    const radius = random.uniform(16, 19.5);
    const start = random.next();
    const bend = random.uniform(0.15, 0.24);
    const points = [-bend, 0, bend].map((turn) => polar(start + turn, radius * random.uniform(0.36, 0.46)));
    const thickness = radius * random.uniform(0.34, 0.42);
    const nucleus = [
      { from: points[0], to: points[1], radius: thickness },
      { from: points[1], to: points[2], radius: thickness },
    ];
    return { radius, cytoplasm: [190, 190, 214], nucleus, contrast: 0.8, melt: 3, granules: [] };
  },
  // Three to five small connected lobes in a pale, finely speckled cell.
  Neutrophil: (random) => {
    const radius = random.uniform(13, 17);
    const count = 3 + random.integer(3);
    const nucleus = lobes(random, count, radius * 0.48, [radius * 0.18, radius * 0.26], random.uniform(0.19, 0.24));
    const granules: Granules = {
      count: 30 + random.integer(30),
      color: [200, 142, 168],
      radius: [0.5, 0.9],
      opacity: random.uniform(0.15, 0.45),
      overNucleus: 0,
    };
    return { radius, cytoplasm: [232, 202, 204], nucleus, contrast: 1, melt: 1.2, granules: [granules] };
  },
};

class Picture {
  private readonly random: RandomStream;
  private readonly noise: NoiseField;
  private readonly rgb = new Float64Array(CELL_SIDE * CELL_SIDE * 3);
  /** Stain intensity: one value for the whole image. */
  private readonly stain: number;
  private readonly tint: Color;
  /** Half the width of an edge: how out of focus the image is. */
  private readonly blur: number;
  private readonly center: Point;

  constructor(random: RandomStream) {
    this.random = random;
    this.noise = new NoiseField(random);
    this.stain = random.uniform(0.72, 1.1);
    this.tint = [random.uniform(-12, 10), random.uniform(-12, 8), random.uniform(-16, 12)];
    this.blur = random.uniform(0.6, 1.3);
    this.center = polar(random.next(), random.uniform(0, 3.2));
    const light = polar(random.next(), random.uniform(0, 0.35)); // uneven illumination
    this.eachPixel((x, y) => {
      const value = light[0] * x + light[1] * y + 3 * this.noise.at(x / 7 + 40, y / 7);
      this.blend(x, y, [BACKGROUND[0] + value, BACKGROUND[1] + value, BACKGROUND[2] + value], 1);
    });
  }

  /** Pale discs with lighter centers that leave most of the white cell uncovered. */
  drawRedCells(whiteRadius: number): void {
    const { random } = this;
    const count = 2 + random.integer(6);
    for (let i = 0; i < count; i++) {
      const radius = random.uniform(7.5, 10);
      const center = polar(random.next(), whiteRadius + random.uniform(0.55, 2.6) * radius);
      const strength = random.uniform(0.4, 0.85);
      const phase = random.uniform(0, 16);
      this.eachPixel((x, y) => {
        const wobble = 1.6 * this.noise.at(x / 9 + phase, y / 9);
        const distance = length(x - center[0], y - center[1]) + wobble;
        const inside = smoothStep(this.blur, -this.blur, distance - radius);
        const pallor = 0.55 * smoothStep(0.75 * radius, 0.15 * radius, distance);
        this.blend(x, y, RED_CELL, strength * inside * (1 - pallor));
      });
    }
  }

  drawWhiteCell(plan: CellPlan): void {
    const { random, noise, blur } = this;
    const body = new Float64Array(CELL_SIDE * CELL_SIDE);
    const nucleus = new Float64Array(CELL_SIDE * CELL_SIDE);
    const [axisX, axisY] = direction(random.next());
    const stretch = random.uniform(0.93, 1.07);
    const phase = random.uniform(0, 16);
    const nucleusColor = mixColors(plan.cytoplasm, NUCLEUS, plan.contrast * clamp(this.stain, 0, 1));
    this.eachPixel((px, py, index) => {
      const [dx, dy] = [px - this.center[0], py - this.center[1]];
      // Noise distorts the plane, so no outline is a perfect circle; stretching makes the cell slightly oval.
      const along = (dx * axisX + dy * axisY) * stretch + 1.3 * noise.at(px / 6 + phase, py / 6);
      const across = (dy * axisX - dx * axisY) / stretch + 1.3 * noise.at(px / 6, py / 6 + phase);
      const outside = Math.sqrt(along * along + across * across) - plan.radius;
      body[index] = smoothStep(blur, -blur, outside);
      if (body[index] === 0) return;
      nucleus[index] = body[index] * smoothStep(blur, -blur, distanceToNucleus(plan, along, across));
      const grain = noise.at(px / 2.3 + phase, py / 2.3);
      const rim = 1 - 0.1 * smoothStep(-2.5, 0, outside) + 0.05 * grain;
      this.blend(px, py, scaled(plan.cytoplasm, rim), 0.92 * body[index]);
      this.blend(px, py, scaled(nucleusColor, 1 + 0.16 * grain), nucleus[index]);
    });
    for (const granules of plan.granules) this.drawGranules(plan.radius, granules, body, nucleus);
  }

  private drawGranules(cellRadius: number, granules: Granules, body: Float64Array, nucleus: Float64Array): void {
    const { random, blur } = this;
    for (let i = 0; i < granules.count; i++) {
      const [offsetX, offsetY] = polar(random.next(), cellRadius * Math.sqrt(random.next()));
      const [cx, cy] = [this.center[0] + offsetX, this.center[1] + offsetY];
      const radius = random.uniform(granules.radius[0], granules.radius[1]);
      const color = scaled(granules.color, random.uniform(0.85, 1.12));
      const reach = radius + blur;
      this.eachPixelIn(cx - reach, cy - reach, cx + reach, cy + reach, (x, y, index) => {
        const distance = length(x - cx, y - cy) - radius;
        const free = body[index] * mix(1, granules.overNucleus, nucleus[index]);
        this.blend(x, y, color, granules.opacity * free * smoothStep(blur * 0.8, -blur * 0.8, distance));
      });
    }
  }

  /** Applies stain, tint and camera noise, and converts to bytes. */
  develop(): RgbImage {
    const grain = this.random.uniform(1.5, 4.5);
    const pixels = Uint8Array.from(this.rgb, (value, index) => {
      const stained = 255 - (255 - value) * this.stain + this.tint[index % 3];
      const noise = grain * (this.random.next() + this.random.next() - 1) * 1.7;
      return clamp(Math.floor(stained + noise + 0.5), 0, 255);
    });
    return { width: CELL_SIDE, height: CELL_SIDE, pixels };
  }

  private eachPixel(visit: (x: number, y: number, index: number) => void): void {
    this.eachPixelIn(-MIDDLE, -MIDDLE, MIDDLE, MIDDLE, visit);
  }

  /** Visits the centers of the pixels in a box. */
  private eachPixelIn(
    left: number,
    top: number,
    right: number,
    bottom: number,
    visit: (x: number, y: number, index: number) => void,
  ): void {
    const [x0, x1] = [Math.max(0, Math.floor(left + MIDDLE)), Math.min(CELL_SIDE, Math.ceil(right + MIDDLE))];
    const [y0, y1] = [Math.max(0, Math.floor(top + MIDDLE)), Math.min(CELL_SIDE, Math.ceil(bottom + MIDDLE))];
    for (let y = y0; y < y1; y++) {
      for (let x = x0; x < x1; x++) visit(x + 0.5 - MIDDLE, y + 0.5 - MIDDLE, y * CELL_SIDE + x);
    }
  }

  private blend(x: number, y: number, color: Color, alpha: number): void {
    if (alpha === 0) return;
    const at = ((y + MIDDLE - 0.5) * CELL_SIDE + x + MIDDLE - 0.5) * 3;
    for (let c = 0; c < 3; c++) this.rgb[at + c] = mix(this.rgb[at + c], color[c], alpha);
  }
}

const scaled = (color: Color, factor: number): Color => [color[0] * factor, color[1] * factor, color[2] * factor];

/** Signed distance to the nucleus, negative inside; its parts blend (polynomial smooth minimum, Quilez). */
function distanceToNucleus({ nucleus, melt }: CellPlan, x: number, y: number): number {
  let nearest = Number.POSITIVE_INFINITY;
  for (const part of nucleus) {
    const distance = distanceToCapsule(part, x, y);
    const overlap = Math.max(0, melt - Math.abs(nearest - distance)) / melt;
    nearest = Math.min(nearest, distance) - overlap * overlap * melt * 0.25;
  }
  return nearest;
}

function distanceToCapsule({ from, to, radius }: Capsule, x: number, y: number): number {
  const [lineX, lineY] = [to[0] - from[0], to[1] - from[1]];
  const squaredLength = lineX * lineX + lineY * lineY;
  const [dx, dy] = [x - from[0], y - from[1]];
  const share = squaredLength === 0 ? 0 : clamp((dx * lineX + dy * lineY) / squaredLength, 0, 1);
  return length(dx - share * lineX, dy - share * lineY) - radius;
}
