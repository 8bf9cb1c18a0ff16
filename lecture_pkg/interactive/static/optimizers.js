// A dash and a shape for each series, as in optimizers.py.
const DASHES = ["none", "7 3", "2 3", "10 3 2 3"];
const SHAPES = ["M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0z", "M-5-5h10v10h-10z", "M0-6l6 10.5h-12z",
  "M0-7l6 7l-6 7l-6-7z"];
const dashed = (i, d, kind = "") =>
  svgElement("path", { class: `lp-lane lp-lane-${i + 1} ${kind}`, d, "stroke-dasharray": DASHES[i] });
const badge = (i, x, y) => svgElement("path",
  { class: `lp-badge lp-badge-${i + 1}`, d: SHAPES[i], transform: `translate(${x} ${y})` });

mount("optimizers", ({ root, live, data }) => {
  const length = data.iterations + 1;
  const rows = data.thetas.map((row) => unpack(row, length, data.decimals));
  const values = data.values.map((row) => unpack(row, length, data.valueDecimals));
  const lanes = data.names.map((name, i) =>
    ({ name, i, xs: rows[2 * i], ys: rows[2 * i + 1], values: values[i], last: data.last[i] }));
  const turns = Array.from({ length }, (_, i) => i);
  const surface = liveStill(root).querySelector(".lp-surface");
  const side = 400;
  let now = data.iterations;

  const upTo = (lane) => Math.min(now, lane.last);
  const draw = (svg, area, lane, xs, ys) => {
    const t = upTo(lane) + 1;
    svg.append(
      dashed(lane.i, area.line(xs.subarray(0, lane.last + 1), ys), "lp-later"),
      stroke("lp-halo", area.line(xs.subarray(0, t), ys)),
      dashed(lane.i, area.line(xs.subarray(0, t), ys)));
  };
  const at = (svg, area, lane, x, y) => svg.append(badge(lane.i,
    clamp(area.x(x), area.left, area.right), clamp(area.y(y), area.top, area.bottom)));

  const picture = canvas("The paths over the contours of the objective; the table has the numbers",
    (svg, width) => {
      const square = width - LEFT - RIGHT;
      const area = plane(LEFT, 26, square, square, [data.low[0], data.high[0]], [data.low[1], data.high[1]]);
      surface.setAttribute("transform", `translate(${LEFT} 26) scale(${square / side})`);
      const inside = clipped(area);
      svg.append(surface,
        area.xAxis("θ₁", ticks(data.low[0], data.high[0], 5)),
        svgElement("g", { class: "lp-axis" },
          ...ticks(data.low[1], data.high[1], 5).map((mark) =>
            text(plain(mark), LEFT - 7, area.y(mark) + 4, { "text-anchor": "end" })),
          text("θ₂", 10, 15, { "text-anchor": "start", class: "lp-name" })),
        inside);
      lanes.forEach((lane) => draw(inside, area, lane, lane.xs, lane.ys));
      inside.append(mark("lp-origin", area.x(lanes[0].xs[0]), area.y(lanes[0].ys[0]), 4.5));
      lanes.forEach((lane) => at(svg, area, lane, lane.xs[upTo(lane)], lane.ys[upTo(lane)]));
      return area.bottom + 38;
    });

  const lowest = Math.min(...values.map((row) => Math.min(...row)));
  const highest = values[0][0];
  const room = (highest - lowest) * 0.05 || 1;
  const curves = canvas("The value of each optimizer, iteration by iteration", (svg, width) => {
    const area = plane(LEFT, 26, width - LEFT - RIGHT, 130, [0, data.iterations],
      [lowest - room, highest + 3 * room]);
    const inside = clipped(area);
    svg.append(area.yAxis("value", ticks(lowest, highest, 3)),
      area.xAxis("iteration", ticks(0, data.iterations, 4)), inside,
      stroke("lp-level", `M${area.x(now)} ${area.top}V${area.bottom}`));
    lanes.forEach((lane) => draw(inside, area, lane, Float64Array.from(turns), lane.values));
    lanes.forEach((lane) => at(svg, area, lane, upTo(lane), lane.values[upTo(lane)]));
    return area.bottom + 38;
  });

  const cells = lanes.map(() => [element("td"), element("td"), element("td")]);
  const head = (words) => element("th", { scope: "col" }, words);
  const table = element("table", { class: "lp-race" },
    element("thead", {}, element("tr", {}, head("optimizer"), head("θ₁"), head("θ₂"), head("value"))),
    element("tbody", {}, ...lanes.map((lane, i) => element("tr", {},
      element("th", { scope: "row" }, element("div", {},
        svgElement("svg", { class: "lp-plot", "aria-hidden": "true", viewBox: "0 0 36 14" },
          dashed(i, "M0 7H36"), badge(i, 18, 7)),
        element("span", {}, lane.name,
          ...(data.rates[i] === null ? [] : [element("small", {}, `lr ${data.rates[i]}`)])))),
      ...cells[i]))));

  const said = statusLine();
  said.classList.add("lp-said");
  const time = timeline(data.iterations, (t) => show(t));
  const show = (t) => {
    now = t;
    const numbers = lanes.map((lane) => {
      const k = upTo(lane);
      return [fixed(lane.xs[k], data.decimals), fixed(lane.ys[k], data.decimals), fixed(lane.values[k], data.valueDecimals)];
    });
    const best = Math.min(...lanes.map((lane) => lane.values[upTo(lane)]));
    lanes.forEach((lane, i) => {
      cells[i].forEach((cell, j) => { cell.textContent = numbers[i][j]; });
      cells[i][2].parentNode.classList.toggle("lp-best", lane.values[upTo(lane)] === best);
    });
    time.bar.input.setAttribute("aria-valuetext",
      `${t}. ${lanes.map((lane, i) => `${lane.name}: ${numbers[i][2]}`).join("; ")}`);
    picture.redraw();
    curves.redraw();
  };
  live.append(
    time.node,
    element("div", { class: "lp-pair" }, picture.node, element("div", {}, table, curves.node)),
    said);
  said.append(...lanes.map((lane, i) => element("span", { class: "lp-outcome" }, element("b", {}, lane.name), ` ${data.said[i]}`)));
  show(now);
});
