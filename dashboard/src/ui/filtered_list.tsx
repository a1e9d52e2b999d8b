import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import { count } from "../lib/format.ts";
import { type Filter, passing, type Picked } from "../lib/filters.ts";
import { query } from "../lib/api.ts";
import { go, useLocation } from "../lib/router.tsx";
import { VirtualList } from "./virtual_list.tsx";

/** What a list of this kind looks like, whatever is in it. */
export interface ListLook<T> {
  title: string;
  /** What one of them is called, such as `bot`. */
  one: string;
  /** The rows' class, and what stands above their columns. */
  look: string;
  columns: readonly string[];
  filters: readonly Filter<T>[];
  /** What can be found of an item by its text. */
  said: (item: T) => string;
  placeholder: string;
}

interface FilteredListProps<T> extends ListLook<T> {
  items: readonly T[];
  row: (item: T, now: number) => ComponentChildren;
}

const rowHeight = 44;

interface PickProps {
  label: string;
  value: string;
  choices: { name: string; title: string }[];
  choose: (value: string) => void;
}

function Pick({ label, value, choices, choose }: PickProps) {
  // A choice may be gone that a link of last week has made.
  const all = !value || choices.some((one) => one.name === value) ? choices : [...choices, { name: value, title: value }];
  if (all.length === 0) return null;
  return (
    <select aria-label={label} value={value} onChange={(event) => choose(event.currentTarget.value)}>
      <option value="">{label}: all</option>
      {all.map((one) => (
        <option key={one.name} value={one.name}>
          {one.title}
        </option>
      ))}
    </select>
  );
}

/** A list of any length that is narrowed by text and by choices; the page's address keeps them. */
export function FilteredList<T>({ title, one, items, filters, said, placeholder, look, columns, row }: FilteredListProps<T>) {
  const { path, search } = useLocation();
  const picked: Picked = Object.fromEntries(search);
  const text = picked.q ?? "";
  const now = Date.now();
  const key = search.toString();
  const shown = useMemo(() => passing(items, { filters, picked, text, said, now }), [items, filters, key]);
  const set = (name: string, value: string) => go(query(path, { ...picked, [name]: value }), "replace");
  return (
    <>
      <header class="row filters">
        <h1>{title}</h1>
        <span class="soft" role="status">
          {shown.length < items.length ? `${shown.length.toLocaleString()} of ${count(items.length, one)}` : count(items.length, one)}
        </span>
        <span class="grow" />
        <input
          type="search"
          aria-label={`Find ${title.toLowerCase()}`}
          placeholder={placeholder}
          value={text}
          onInput={(event) => set("q", event.currentTarget.value)}
        />
        {filters.map((filter) => (
          <Pick
            key={filter.name}
            label={filter.label}
            value={picked[filter.name] ?? ""}
            choices={filter.choices(items)}
            choose={(value) => set(filter.name, value)}
          />
        ))}
      </header>
      <div class="card flush">
        {shown.length === 0 ? (
          <p class="list-empty">
            {items.length === 0 ? `There is no ${one} yet.` : `No ${one} fits.`}
          </p>
        ) : (
          <>
            <div class={`list-row list-head ${look}`} aria-hidden="true">
              {columns.map((column) => (
                <span key={column}>{column}</span>
              ))}
            </div>
            <VirtualList items={shown} rowHeight={rowHeight} label={title} row={(item) => row(item, now)} />
          </>
        )}
      </div>
    </>
  );
}
