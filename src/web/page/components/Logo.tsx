/** The idea as a picture: outliers are pulled to the center, normal images stay away from it. */

export function Logo() {
  return (
    <svg class="logo" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <circle class="ring" cx="16" cy="16" r="12.5" />
      <circle class="core" cx="16" cy="16" r="4.5" />
    </svg>
  );
}

/** The angle between neighboring seeds of a sunflower, radians: dots that never line up. */
const GOLDEN_ANGLE = 2.399963;

interface Dot {
  x: number;
  y: number;
  radius: number;
}

/** Dots between two distances from the middle, evenly spread over the ring. */
function dots(count: number, inner: number, outer: number, radius: number): Dot[] {
  return Array.from({ length: count }, (_, i) => {
    const distance = Math.sqrt(inner ** 2 + ((i + 0.5) / count) * (outer ** 2 - inner ** 2));
    const angle = i * GOLDEN_ANGLE;
    return {
      x: distance * Math.cos(angle),
      y: distance * Math.sin(angle),
      radius: radius * (0.8 + ((i * 7) % 5) / 10),
    };
  });
}

export function FeatureSpace() {
  return (
    <figure class="feature-space">
      <svg viewBox="-180 -150 360 300" role="img" aria-label="Normal images far from the center, outliers close to it">
        {[46, 92, 138].map((radius) => (
          <circle key={radius} class="circle" r={radius} />
        ))}
        <g class="normal-dots">
          {dots(78, 88, 138, 4.2).map(({ x, y, radius }) => (
            <circle key={`${x}`} cx={x} cy={y} r={radius} />
          ))}
        </g>
        <g class="outlier-dots">
          {dots(26, 0, 44, 4).map(({ x, y, radius }) => (
            <circle key={`${x}`} cx={x} cy={y} r={radius} />
          ))}
        </g>
      </svg>
      <figcaption>
        <span class="key normal">normal images: large norm</span>
        <span class="key outlier">outliers: small norm</span>
      </figcaption>
    </figure>
  );
}
