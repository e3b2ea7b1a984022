/** The report's style sheet: follows the reader's light or dark setting, one column on phones, plain when printed. */
export const STYLE = `
:root { color-scheme: light dark; --page: #f7f7f5; --card: #ffffff; --ink: #1d1d1b; --muted: #686760; --line: #e4e3de;
  --normal: #2b6cb8; --outlier: #d3621a; --total: #55544e; --warn: #fff4dc; --warn-ink: #6d4a00; }
@media (prefers-color-scheme: dark) {
  :root { --page: #141413; --card: #1e1e1c; --ink: #ecebe6; --muted: #a3a29a; --line: #363530;
    --normal: #74adf0; --outlier: #f0955a; --total: #b9b8b0; --warn: #3a2f16; --warn-ink: #f3d48b; }
}
* { box-sizing: border-box; }
body { margin: 0; padding: 40px 20px 64px; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 1060px; margin: 0 auto; }
h1 { margin: 2px 0 6px; font-size: 30px; line-height: 1.2; letter-spacing: -0.01em; font-weight: 650; }
h2 { margin: 44px 0 4px; font-size: 20px; font-weight: 650; }
h3 { margin: 0 0 2px; font-size: 15px; font-weight: 650; }
p { margin: 0 0 10px; max-width: 76ch; }
.eyebrow { margin: 0; color: var(--muted); font-size: 14px; }
.quiet { color: var(--muted); font-size: 14px; }
.banner { margin: 18px 0 0; padding: 10px 14px; border-radius: 8px; max-width: none; background: var(--warn); color: var(--warn-ink); }
.hero { display: grid; grid-template-columns: auto 1fr; gap: 8px 32px; align-items: center; margin-top: 22px; }
.figure { font-size: 76px; line-height: 1; font-weight: 680; letter-spacing: -0.035em; font-variant-numeric: tabular-nums; }
.figure small { display: block; margin-top: 8px; font-size: 14px; line-height: 1.4; font-weight: 400; letter-spacing: 0; color: var(--muted); }
.grid2 { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr)); gap: 16px; margin-top: 12px; }
.card { min-width: 0; padding: 16px 18px; border: 1px solid var(--line); border-radius: 10px; background: var(--card); }
.card + .card { margin-top: 16px; } .grid2 > .card { margin-top: 0; }
.card > p { font-size: 14px; color: var(--muted); margin-bottom: 8px; }
svg { display: block; width: 100%; height: auto; }
svg text { fill: var(--muted); font-size: 12px; font-variant-numeric: tabular-nums; }
svg .note { fill: var(--ink); paint-order: stroke; stroke: var(--card); stroke-width: 4px; stroke-linejoin: round; }
.grid { stroke: var(--line); fill: none; }
.axis { stroke: var(--muted); fill: none; }
.marker { stroke: var(--muted); stroke-dasharray: 3 3; fill: none; }
.chance { stroke: var(--muted); stroke-dasharray: 4 4; fill: none; opacity: 0.7; }
.normal { --color: var(--normal); } .outlier { --color: var(--outlier); } .total { --color: var(--total); }
.line { fill: none; stroke: var(--color); stroke-width: 2; stroke-linejoin: round; }
.line.dashed { stroke-dasharray: 6 4; }
.band { fill: var(--color); opacity: 0.16; }
.area { fill: var(--color); opacity: 0.1; }
.bars { fill: var(--color); fill-opacity: 0.3; stroke: var(--color); stroke-width: 1.5; stroke-linejoin: round; }
.dot { fill: var(--color); stroke: var(--card); stroke-width: 2; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 18px; margin: 0 0 6px; font-size: 14px; color: var(--ink); }
.key { display: inline-block; width: 18px; height: 0; margin: 0 7px 4px 0; border-top: 3px solid var(--color); }
.key.dashed { border-top-style: dashed; }
.key.point { width: 9px; height: 9px; margin-bottom: 0; border: 0; border-radius: 50%; background: var(--color); }
table { width: 100%; border-collapse: collapse; font-size: 14.5px; font-variant-numeric: tabular-nums; }
th, td { padding: 6px 12px 6px 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: baseline; }
tr:last-child > * { border-bottom: 0; }
th { font-weight: 550; color: var(--muted); }
td.number, th.number { text-align: right; white-space: nowrap; }
tr.main td { font-weight: 650; }
tr td.quiet { font-weight: 400; white-space: nowrap; }
.scroll { overflow-x: auto; }
.meter { width: 38%; min-width: 90px; padding-right: 0; }
.meter i { display: block; height: 8px; border-radius: 4px; background: var(--normal); }
.meter div { position: relative; border-radius: 4px; background: var(--line); }
.meter div::after { content: ""; position: absolute; left: 50%; top: -3px; bottom: -3px; width: 1px; background: var(--muted); }
.config { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 240px), 1fr)); gap: 0 28px; margin: 0; font-size: 14.5px; }
.config div { display: flex; justify-content: space-between; gap: 12px; padding: 5px 0; border-bottom: 1px solid var(--line); }
.config dt { color: var(--muted); } .config dd { margin: 0; text-align: right; overflow-wrap: anywhere; }
.gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(84px, 1fr)); gap: 12px 10px; margin-top: 10px; }
.gallery figure { margin: 0; min-width: 0; font-size: 12.5px; line-height: 1.35; }
.gallery img { display: block; width: 100%; aspect-ratio: 1; object-fit: cover; border-radius: 6px; border: 3px solid var(--color); background: var(--line); }
.gallery .small { image-rendering: pixelated; }
.gallery figcaption { margin-top: 4px; overflow-wrap: anywhere; } .gallery figcaption span { color: var(--muted); font-variant-numeric: tabular-nums; }
ul { margin: 8px 0 0; padding-left: 20px; font-size: 14.5px; } li { margin: 3px 0; overflow-wrap: anywhere; }
footer { margin-top: 40px; color: var(--muted); font-size: 13.5px; overflow-wrap: anywhere; }
@media (max-width: 560px) { body { padding: 24px 14px 40px; } h1 { font-size: 25px; } .hero { grid-template-columns: 1fr; } .figure { font-size: 64px; } .card { padding: 14px 12px; }
  .gallery { grid-template-columns: repeat(auto-fill, minmax(58px, 1fr)); gap: 10px 8px; } .gallery figure { font-size: 11.5px; } }
@media print { body { background: none; padding: 0; } .card { break-inside: avoid; } }
`;
