// @ts-check
/** What happens around a grid of charts: the window's size and theme change, the page scrolls below the cursor, a finger taps elsewhere. */

/** @param {any} grid @param {() => void} themed @returns {() => void} stop */
export function followWindow(grid, themed) {
  const { cursorLine } = grid;
  const resized = () => grid.redraw();
  const elsewhere = (/** @type {any} */ event) => {
    if (cursorLine.tapped && !event.target?.closest?.(".tk-plot")) cursorLine.leave(true);
  };
  const scrolled = () => cursorLine.chart && cursorLine.again();
  const dark = matchMedia("(prefers-color-scheme: dark)");
  addEventListener("resize", resized); // also another ratio of pixels
  document.addEventListener("pointerdown", elsewhere);
  addEventListener("scroll", scrolled, { capture: true, passive: true });
  dark.addEventListener("change", themed);
  return () => {
    removeEventListener("resize", resized);
    document.removeEventListener("pointerdown", elsewhere);
    removeEventListener("scroll", scrolled, { capture: true });
    dark.removeEventListener("change", themed);
  };
}
