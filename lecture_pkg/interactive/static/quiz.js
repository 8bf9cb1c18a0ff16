// A question: choose, check, be told, choose again.

// Text with `code` in backticks, as nodes.
const marked = (text) =>
  text.split("`").map((part, i) => (i % 2 ? element("code", {}, part) : part));

mount("quiz", ({ root, live, data }) => {
  const told = element("p", { class: "lp-told", role: "status" });
  const inputs = data.choices.map((_, i) =>
    element("input", { type: "radio", name: `${root.id}-choice`, value: i, onchange: () => clear() }));
  const labels = data.choices.map((choice, i) =>
    element("label", { class: "lp-choice" }, inputs[i], element("span", {}, ...marked(choice.text))));

  // what was said belongs to the choice that was checked, not to the next one
  const clear = () => {
    told.replaceChildren();
    delete told.dataset.verdict;
  };

  const check = () => {
    const choice = data.choices[inputs.findIndex((input) => input.checked)];
    clear();
    if (!choice) {
      told.append("Choose an answer first.");
      return;
    }
    told.dataset.verdict = choice.right ? "right" : "wrong";
    const verdict = choice.right ? "✓ Right." : "✗ Not this one.";
    told.append(element("strong", {}, verdict), " ", ...marked(choice.feedback));
    // the page may keep what stands below a question folded until now
    root.dispatchEvent(new Event("lp-answered"));
  };

  const box = element("fieldset", { class: "lp-choices" },
    element("legend", {}, ...marked(data.question)), ...labels);
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    check();
  });
  live.append(box,
    element("button", { class: "lp-button lp-main", type: "button", onclick: check }, "Check"), told);

  // browsers that cannot print a closed <details> by style alone
  addEventListener("beforeprint", () => {
    root.querySelector("details").open = true;
  });
});
