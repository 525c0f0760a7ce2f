import { BUCKET_MS, type Bucket, type Timeline } from './timeline.ts';

const WIDTH = 1200;
const HEIGHT = 320;
const LEFT = 60;
const TOP = 70;
const BOTTOM = 30;
const MARK_LINES = 4;
const LINE_HEIGHT = 14;
const BUCKETS_A_SECOND = 1000 / BUCKET_MS;

interface Series {
  readonly name: keyof Bucket;
  readonly color: string;
}

const SERIES: readonly Series[] = [
  { name: 'writes', color: '#1565c0' },
  { name: 'reads', color: '#90a4ae' },
  { name: 'failed', color: '#d32f2f' },
];

/** Throughput over time, with what was done to the cluster, as a picture. */
export function timelineSvg(title: string, timeline: Timeline): string {
  const { buckets, marks } = timeline;
  const most = Math.max(1, ...buckets.flatMap(({ writes, reads, failed }) => [writes, reads, failed]));
  const durationMs = Math.max(1, buckets.length) * BUCKET_MS;
  const x = (atMs: number): number => LEFT + ((WIDTH - LEFT - 10) * atMs) / durationMs;
  const y = (count: number): number => HEIGHT - BOTTOM - ((HEIGHT - TOP - BOTTOM) * count) / most;
  const lines = SERIES.map(({ name, color }) => {
    const points = buckets.map((bucket, number) => `${x(number * BUCKET_MS).toFixed(1)},${y(bucket[name]).toFixed(1)}`);
    return `<polyline fill="none" stroke="${color}" points="${points.join(' ')}"/>`;
  });
  const legend = SERIES.map(({ name, color }, number) => text(WIDTH - 210 + number * 70, 16, name, color));
  const marked = marks.map(({ atMs, label }, number) => {
    const at = x(atMs).toFixed(1);
    const line = `<line x1="${at}" x2="${at}" y1="${TOP - 34}" y2="${HEIGHT - BOTTOM}" stroke="#ef6c00" stroke-dasharray="3 3"/>`;
    return line + text(x(atMs) + 3, 34 + LINE_HEIGHT * (number % MARK_LINES), label, '#ef6c00');
  });
  const seconds = durationMs / 1000;
  const step = Math.max(1, Math.ceil(seconds / 20));
  const ticks = Array.from({ length: Math.floor(seconds / step) + 1 }, (_, number) =>
    text(x(number * step * 1000), HEIGHT - 12, `${number * step} s`, '#455a64'),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}" font-family="sans-serif" font-size="11">`,
    '<rect width="100%" height="100%" fill="#ffffff"/>',
    text(LEFT, 16, title, '#000000'),
    ...legend,
    text(4, TOP + 4, `${most * BUCKETS_A_SECOND}/s`, '#455a64'),
    text(4, HEIGHT - BOTTOM, '0', '#455a64'),
    ...lines,
    ...marked,
    ...ticks,
    '</svg>\n',
  ].join('\n');
}

function text(x: number, y: number, content: string, color: string): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" fill="${color}">${escaped(content)}</text>`;
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
