import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

interface VirtualListProps<T> {
  items: readonly T[];
  rowHeight: number;
  label: string;
  /** Called when the end comes into view. */
  onEnd?: () => void;
  row: (item: T) => ComponentChildren;
}

const overscan = 12;

/** Draws only the rows in view, all of one height. */
export function VirtualList<T>({ items, rowHeight, label, onEnd, row }: VirtualListProps<T>) {
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 800 });
  const look = () => {
    const element = box.current;
    if (element) setView({ top: element.scrollTop, height: element.clientHeight });
  };
  useEffect(() => {
    const observer = new ResizeObserver(look);
    if (box.current) observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  const first = Math.max(0, Math.floor(view.top / rowHeight) - overscan);
  const end = Math.min(items.length, Math.ceil((view.top + view.height) / rowHeight) + overscan);
  useEffect(() => {
    if (onEnd && items.length > 0 && end >= items.length) onEnd();
  }, [end, items.length]);
  return (
    <div ref={box} class="virtual" role="list" aria-label={label} tabIndex={0} onScroll={look}>
      <div style={{ height: `${items.length * rowHeight}px` }}>
        <div style={{ transform: `translateY(${first * rowHeight}px)` }}>{items.slice(first, end).map(row)}</div>
      </div>
    </div>
  );
}
