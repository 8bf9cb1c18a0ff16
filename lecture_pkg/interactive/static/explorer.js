mount("explorer", ({ live, data }) => {
  const length = data.iterations + 1;
  let [step, start] = data.chosen;
  const row = () => step * data.starts.length + start;
  const theta = (value) => fixed(value, data.decimals);
  const number = (value) => fixed(value, data.valueDecimals);

  const pace = slider("Step size", { min: 0, max: data.steps.length - 1, value: step },
    (i) => plain(data.steps[i]), (i) => { step = i; another(); });
  const origin = slider("Start", { min: 0, max: data.starts.length - 1, value: start },
    (i) => plain(data.starts[i]), (i) => { start = i; another(); });
  const time = timeline(data.iterations, (t) => show(t));
  const view = pathView("The objective and the path on it; its numbers follow below", data,
    data.iterations, (t) => time.goTo(t));
  const shown = { θ: element("dd", { class: "lp-theta" }), value: element("dd"),
    slope: element("dd", { class: "lp-slope" }), "next θ = θ − step size × slope": element("dd") };
  const [atNode, valueNode, slopeNode, nextNode] = Object.values(shown);
  const said = statusLine();
  said.classList.add("lp-said");

  const show = (t) => {
    const at = theta(path.thetas[t]);
    const value = number(path.values[t]);
    const slope = number(path.slopes[t]);
    atNode.textContent = at;
    valueNode.textContent = value;
    slopeNode.textContent = slope;
    nextNode.replaceChildren(...(t < path.last ? [
      element("span", { class: "lp-theta" }, at),
      ` − ${plain(path.step)} × `,
      element("span", { class: "lp-slope" }, path.slopes[t] < 0 ? `(${slope})` : slope),
      ` = ${theta(path.thetas[t + 1])}`] : ["–"]));
    time.bar.input.setAttribute("aria-valuetext", `${t}: θ ${at}, value ${value}, slope ${slope}`);
    view.show({ ...path, t });
  };
  let path;
  const another = () => {
    time.stop();
    const i = row();
    path = {
      thetas: unpack(data.thetas[i], length, data.decimals),
      values: unpack(data.values[i], length, data.valueDecimals),
      slopes: unpack(data.slopes[i], length, data.valueDecimals),
      last: data.last[i],
      step: data.steps[step],
    };
    said.textContent = data.sentences[data.said[i]];
    show(time.fit(path.last));
  };
  live.append(
    element("div", { class: "lp-controls" }, pace.node, origin.node),
    said, view.node, time.node, readout(shown), pathLegend("now, with tangent and next step"));
  another();
});
