// What is drawn onto the plots: the chosen result, and the palette in the plane.
const drawn = (name, attributes) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
};

/** Ring the point of a row in a plot. */
function markPoint(svg, points, index) {
  svg.querySelector(".chosen")?.remove();
  if (index in points) svg.append(drawn("circle", { class: "chosen", cx: points[index][0], cy: points[index][1], r: 6 }));
}

/** The row whose point is nearest to a click, or null if none is near. */
function nearestRow(svg, points, event) {
  const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
  const far = ([x, y]) => Math.hypot(x - at.x, y - at.y);
  const [nearest] = Object.entries(points).sort((a, b) => far(a[1]) - far(b[1]));
  return nearest && far(nearest[1]) < 20 ? Number(nearest[0]) : null;
}

const bytesOfHex = (color) => [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16));

/** Draw the colours of a palette into the plane: circles whose areas grow with their use. */
function drawPalette(svg, { limit, corners: [low, high] }, palette, pixels) {
  for (const old of svg.querySelectorAll(".entry")) old.remove();
  for (const [color, count] of palette) {
    const [, a, b] = tools.oklab(...bytesOfHex(color));
    const cx = low[0] + ((a / 100 + limit) / (2 * limit)) * (high[0] - low[0]);
    const cy = low[1] + ((b / 100 + limit) / (2 * limit)) * (high[1] - low[1]);
    const r = 2.5 + 9 * Math.sqrt(count / pixels);
    svg.append(drawn("circle", { class: "entry", cx, cy, r, fill: color.slice(0, 7) }));
  }
}
