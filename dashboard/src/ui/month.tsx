import { lastMonths, monthName } from "../lib/format.ts";

/** The month whose costs are shown; this one comes first. */
export function MonthSelect({ month, onChange }: { month: string; onChange: (month: string) => void }) {
  return (
    <select aria-label="Month" value={month} onChange={(event) => onChange(event.currentTarget.value)}>
      {lastMonths().map((one) => (
        <option key={one} value={one}>
          {monthName(one)}
        </option>
      ))}
    </select>
  );
}
