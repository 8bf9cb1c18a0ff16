mount("basins", ({ root, live, data }) => {
  const { steps, starts, iterations, colours, bounds } = data;
  const columns = starts.length;
  const endThetas = data.endThetas.map((each) => unpack(each, columns, data.decimals));
  const ends = data.ends.map((each) => unpack(each, columns, data.valueDecimals));
  let [row, column] = data.chosen;

  const shade = (r, c) => {
    if (data.last[r * columns + c] < iterations) return "lp-gone";
    const place = bounds.findIndex((bound) => ends[r][c] < bound);
    return place < 0 ? colours.length - 1 : place;
  };
  const middles = starts.slice(1).map((start, i) => (start + starts[i]) / 2);
  const edges = [data.low, ...middles, data.high];
  // one path for the cells of a kind: level runs of rectangles
  const runs = (area, is) => {
    let d = "";
    for (let r = 0; r < steps.length; r++) {
      for (let c = 0; c < columns; c++) {
        if (!is(r, c)) continue;
        const from = c;
        while (c + 1 < columns && is(r, c + 1)) c++;
        d += `M${area.x(edges[from])} ${area.y(r)}H${area.x(edges[c + 1])}V${area.y(r + 1)}H${area.x(edges[from])}z`;
      }
    }
    return d;
  };
  // where a step size lies among the rows, which are all of one height
  const rowOf = (step) => {
    const above = steps.findIndex((each) => each >= step);
    if (above < 0 || (above === 0 && steps[0] > step)) return undefined;
    if (above === 0) return 0.5;
    return above - 0.5 + (step - steps[above - 1]) / (steps[above] - steps[above - 1]);
  };
  const limitLines = (area) => data.minima.flatMap((m) => {
    const y = m.limit === null ? undefined : rowOf(m.limit);
    if (y === undefined) return [];
    const left = data.ridges.findLast((ridge) => ridge < m.theta) ?? data.low;
    const right = data.ridges.find((ridge) => ridge > m.theta) ?? data.high;
    const d = `M${area.x(left)} ${area.y(y)}H${area.x(right)}`;
    const x = clamp(area.x(m.theta), area.left + 24, area.right - 24);
    return [stroke("lp-casing", d), stroke("lp-border", d),
      text(m.name, x, area.y(y) - 6, { class: "lp-bound" })];
  });

  // lines across the cells whose paths still move
  const hatch = svgElement("pattern",
    { id: `${root.id}-moving`, width: 6, height: 6, patternUnits: "userSpaceOnUse" },
    stroke("lp-light", "M-1 1l2-2M0 6l6-6M5 7l2-2"), stroke("lp-dark", "M-1 2l2-2M0 7l6-6M5 8l2-2"));

  let area, cells;
  const map = canvas("Map of starts and step sizes, coloured by the value reached", (svg, width) => {
    const high = width < 520 ? 230 : 300;
    area = plane(LEFT, 26, width - LEFT - RIGHT, high, [data.low, data.high], [0, steps.length]);
    if (cells?.width !== width) {
      const kinds = [...colours.keys(), "lp-gone"];
      cells = svgElement("g", { class: "lp-cells" },
        ...kinds.map((kind) => svgElement("path", {
          d: runs(area, (r, c) => shade(r, c) === kind), class: kind === "lp-gone" && kind,
          style: kind !== "lp-gone" && `fill:${colours[kind]}` })),
        svgElement("path", { style: `fill:url(#${root.id}-moving)`,
          d: runs(area, (r, c) => data.rests[r * columns + c] === "0") }));
      cells.width = width;
    }
    const every = Math.ceil((steps.length * 14) / high);
    const [left, right] = [area.x(edges[column]), area.x(edges[column + 1])];
    const [upper, lower] = [area.y(row + 1), area.y(row)];
    svg.append(
      hatch, cells, ...limitLines(area),
      area.xAxis("start", ticks(data.low, data.high, width < 520 ? 5 : 10)),
      text("step size", 10, 15, { "text-anchor": "start", class: "lp-name" }),
      text("choose a point: click, or arrow keys", area.right, 15, { "text-anchor": "end" }),
      ...steps.flatMap((step, r) => (r % every ? [] :
        [text(plain(step), LEFT - 6, area.y(r + 0.5) + 4, { "text-anchor": "end" })])),
      stroke("lp-plumb", `M${(left + right) / 2} ${lower}V${area.bottom}`),
      svgElement("rect", { class: "lp-casing", x: left - 2, y: upper - 2, width: right - left + 4, height: lower - upper + 4 }),
      svgElement("rect", { class: "lp-cursor", x: left - 2, y: upper - 2, width: right - left + 4, height: lower - upper + 4 }));
    return area.bottom + 38;
  });
  map.node.tabIndex = 0;
  map.node.setAttribute("role", "application");
  map.node.setAttribute("aria-label", "Map. Arrow keys choose a start and a step size.");

  const pace = slider("Step size", { min: 0, max: steps.length - 1, value: row },
    (i) => plain(steps[i]), (i) => choose(i, column));
  const origin = slider("Start", { min: 0, max: columns - 1, value: column },
    (i) => plain(starts[i]), (i) => choose(row, i));
  const said = statusLine();
  said.classList.add("lp-said");
  const end = { start: element("dd"), "step size": element("dd"), iterations: element("dd"),
    "θ at the end": element("dd"), "value reached": element("dd") };
  const view = pathView("The objective and the path from the chosen point", data, iterations, () => {});

  const choose = (r, c, named = false) => {
    row = clamp(r, 0, steps.length - 1);
    column = clamp(c, 0, columns - 1);
    pace.set(row);
    origin.set(column);
    const i = row * columns + column;
    const where = `Start ${plain(starts[column])}, step size ${plain(steps[row])}. `;
    said.replaceChildren(...(named ? [element("span", { class: "lp-unseen" }, where)] : []),
      data.sentences[data.said[i]]);
    const last = data.last[i];
    [starts[column], steps[row], last].forEach((value, k) => {
      Object.values(end)[k].textContent = plain(value);
    });
    end["θ at the end"].textContent = fixed(endThetas[row][column], data.decimals);
    end["value reached"].textContent = fixed(ends[row][column], data.valueDecimals);
    map.redraw();
    const thetas = unpack(data.thetas[i], iterations + 1, 0).map((units) => units * data.coarse);
    view.show({ thetas, values: thetas.map(view.height), last, t: last, step: steps[row] });
  };
  const point = (event) => {
    if (event.buttons !== 1) return;
    const box = map.svg.getBoundingClientRect();
    const x = area.xOf(event.clientX - box.left);
    const y = area.yOf(event.clientY - box.top);
    const found = middles.findIndex((middle) => x < middle);
    choose(Math.floor(y), found < 0 ? columns - 1 : found, true);
  };
  map.svg.addEventListener("pointerdown", point);
  map.svg.addEventListener("pointermove", point);
  map.node.addEventListener("keydown", (event) => {
    const far = event.shiftKey ? 5 : 1;
    const moves = { ArrowLeft: [0, -far], ArrowRight: [0, far], ArrowUp: [far, 0], ArrowDown: [-far, 0],
      Home: [0, -columns], End: [0, columns], PageUp: [steps.length, 0], PageDown: [-steps.length, 0] };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    choose(row + move[0], column + move[1], true);
  });

  live.append(
    element("div", { class: "lp-controls" }, pace.node, origin.node),
    said,
    map.node,
    element("div", { class: "lp-legend" },
      element("span", { class: "lp-scale" }, element("span", {}, "value reached"),
        ...colours.map((colour, i) => element("span", {},
          element("i", { style: `background:${colour}` }), i ? plain(bounds[i - 1]) : ""))),
      element("span", {}, element("i", { class: "lp-hatched" }),
        `still moving after ${iterations} iterations`),
      ...(data.last.some((last) => last < iterations)
        ? [element("span", {}, element("i", { class: "lp-far" }), "no longer followed")] : []),
      element("span", {}, element("i", { class: "lp-lined" }),
        "2/f″ of the minimum in this valley: below it a step can rest")),
    view.node, readout(end), pathLegend("end"));
  choose(row, column);
});
