interface GraphProps {
  title: string;
  values: number[];
  /** The top of the graph, when there is one by nature. */
  most?: number;
  /** What stands beside the title instead of the newest value, and what the picture shows in words. */
  figure?: string;
  words?: string;
}

const width = 240;
const height = 56;

/** The last values as a line; the newest one in figures. */
export function Graph({ title, values, most, figure, words }: GraphProps) {
  const top = Math.max(1, most ?? 0, ...values);
  const latest = values[values.length - 1] ?? 0;
  // One value alone is a level line.
  const drawn = values.length === 1 ? [latest, latest] : values;
  const points = drawn.map((value, index) => {
    const x = (index / (drawn.length - 1)) * width;
    return `${x.toFixed(1)},${(height - 2 - (value / top) * (height - 6)).toFixed(1)}`;
  });
  return (
    <figure class="graph card">
      <figcaption>
        {title} <strong>{figure ?? latest.toLocaleString()}</strong>
      </figcaption>
      <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" role="img" aria-label={words ?? `${title}: now ${latest}, at most ${Math.max(0, ...values)} shown`}>
        <polyline class="area" points={`0,${height} ${points.join(" ")} ${width},${height}`} />
        <polyline class="curve" points={points.join(" ")} />
      </svg>
    </figure>
  );
}
