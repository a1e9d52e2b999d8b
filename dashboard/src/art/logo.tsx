/** An egg with a first crack. */
export function Logo() {
  return (
    <svg class="logo" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true">
      <path class="egg" d="M12 2c4.4 0 8 6.6 8 12a8 8 0 0 1-16 0C4 8.6 7.6 2 12 2Z" />
      <path class="crack" d="m4.3 12.8 3.4-2 2.6 2.6 3-3.2 2.8 2.8 3.6-2.2" />
    </svg>
  );
}
