/** Plots as SVG: bars with the spread of their repeats, and lines on logarithmic axes. No script. */

export type Plot =
  | {
      readonly kind: 'bars';
      readonly title: string;
      readonly bars: readonly {
        readonly name: string;
        readonly value: number;
        readonly samples: readonly number[];
      }[];
    }
  | {
      readonly kind: 'lines';
      readonly title: string;
      readonly lines: readonly {
        readonly name: string;
        readonly points: readonly { readonly x: number; readonly y: number }[];
      }[];
    };

const WIDTH = 720;
const COLOURS = ['var(--first)', 'var(--second)'];

export function svgOf(plot: Plot): string {
  return plot.kind === 'bars' ? bars(plot) : lines(plot);
}

function bars({ title, bars: items }: Extract<Plot, { kind: 'bars' }>): string {
  const left = 230;
  const right = 110;
  const step = 26;
  const largest = Math.max(...items.flatMap(({ value, samples }) => [value, ...samples]), 1e-9);
  const x = (value: number): number =>
    left + (Math.max(0, value) / largest) * (WIDTH - left - right);
  const rows = items.map(({ name, value, samples }, index) => {
    const y = 10 + index * step;
    const low = x(Math.min(...samples));
    const high = x(Math.max(...samples));
    return [
      `<text x="${left - 8}" y="${y + 13}" text-anchor="end">${escaped(name)}</text>`,
      `<rect x="${left}" y="${y + 2}" width="${round(x(value) - left)}" height="14" fill="var(--first)"/>`,
      `<path d="M${round(low)} ${y + 9}H${round(high)}M${round(low)} ${y + 5}v8M${round(high)} ${y + 5}v8" stroke="currentColor"/>`,
      `<text x="${round(Math.max(x(value), high) + 6)}" y="${y + 13}">${short(value)}</text>`,
    ].join('');
  });
  return svg(title, 20 + items.length * step, rows.join('\n'));
}

function lines({ title, lines: items }: Extract<Plot, { kind: 'lines' }>): string {
  const box = { left: 80, right: WIDTH - 110, top: 16, bottom: 210 };
  const points = items.flatMap((item) => item.points);
  const xs = decades(points.map((point) => point.x));
  const ys = decades(points.map((point) => point.y));
  const x = (value: number): number =>
    box.left + ((Math.log10(value) - xs.low) / (xs.high - xs.low)) * (box.right - box.left);
  const y = (value: number): number =>
    box.bottom - ((Math.log10(value) - ys.low) / (ys.high - ys.low)) * (box.bottom - box.top);
  const grid = [
    ...ticks(ys).map((value) => {
      const at = round(y(value));
      return `<path d="M${box.left} ${at}H${box.right}" class="grid"/><text x="${box.left - 8}" y="${at + 4}" text-anchor="end">${short(value)}</text>`;
    }),
    ...ticks(xs).map((value) => {
      const at = round(x(value));
      return `<path d="M${at} ${box.top}V${box.bottom}" class="grid"/><text x="${at}" y="${box.bottom + 18}" text-anchor="middle">${short(value)}</text>`;
    }),
  ];
  const drawn = items.map(({ name, points: own }, index) => {
    const colour = COLOURS[index % COLOURS.length] ?? 'currentColor';
    const path = own.map((point) => `${round(x(point.x))} ${round(y(point.y))}`).join('L');
    const dots = own
      .map(
        (point) =>
          `<circle cx="${round(x(point.x))}" cy="${round(y(point.y))}" r="3.5" fill="${colour}"/>`,
      )
      .join('');
    const last = own.at(-1) ?? { x: 1, y: 1 };
    return `<path d="M${path}" fill="none" stroke="${colour}" stroke-width="2"/>${dots}<text x="${round(x(last.x) + 8)}" y="${round(y(last.y) + 4)}">${escaped(name)}</text>`;
  });
  return svg(title, box.bottom + 30, [...grid, ...drawn].join('\n'));
}

interface Decades {
  readonly low: number;
  readonly high: number;
}

function decades(values: readonly number[]): Decades {
  const positive = values.filter((value) => value > 0);
  const low = Math.floor(Math.log10(Math.min(...positive)));
  const high = Math.ceil(Math.log10(Math.max(...positive)));
  return { low, high: Math.max(high, low + 1) };
}

function ticks({ low, high }: Decades): number[] {
  return Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i));
}

function svg(title: string, height: number, content: string): string {
  const label = escaped(title);
  return `<figure><figcaption>${label}</figcaption><svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${label}">\n${content}\n</svg></figure>`;
}

function short(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e6) return `${round(value / 1e6)} M`;
  if (size >= 1e3) return `${round(value / 1e3)} k`;
  return size >= 0.01 || size === 0
    ? String(Math.round(value * 100) / 100)
    : value.toExponential(0);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

export function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
