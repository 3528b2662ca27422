"use strict";
// Keeps the choices of whoever listens in this browser, and compares them with key.json once that is opened.

(() => {
  const form = document.getElementById("choices");
  const count = document.getElementById("count");
  const result = document.getElementById("result");
  const kept = `gamemusic blind ${form.dataset.page}`;

  function read() {
    const chosen = [...form.querySelectorAll(".votes input:checked")];
    return Object.fromEntries(chosen.map(({ name, value }) => [name.slice("vote-".length), Number(value)]));
  }

  function show() {
    const names = new Set([...form.querySelectorAll(".votes input")].map((input) => input.name));
    count.textContent = `${Object.keys(read()).length} of ${names.size} clips judged`;
  }

  try {
    for (const [clip, value] of Object.entries(JSON.parse(localStorage.getItem(kept) ?? "{}"))) {
      const input = form.querySelector(`[name="vote-${clip}"][value="${value}"]`);
      if (input) input.checked = true;
    }
  } catch {
    // a browser that keeps nothing for pages from a disk: the choices last as long as the page is open
  }
  form.addEventListener("change", (event) => {
    if (!event.target.matches(".votes input")) return;
    try {
      localStorage.setItem(kept, JSON.stringify(read()));
    } catch {
      // as above
    }
    show();
  });
  form.addEventListener("submit", (event) => event.preventDefault());

  document.getElementById("save").addEventListener("click", () => {
    const link = document.createElement("a");
    const text = JSON.stringify({ page: form.dataset.page, choices: read() }, null, 2);
    link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
    link.download = "choices.json";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  });

  document.getElementById("key").addEventListener("change", async (event) => {
    result.replaceChildren();
    try {
      const key = JSON.parse(await event.target.files[0].text());
      if (key.page !== form.dataset.page) throw new Error("this key.json belongs to another page");
      const found = new Map();
      for (const [clip, value] of Object.entries(read())) {
        const { source } = key.clips[clip];
        found.set(source, [...(found.get(source) ?? []), value]);
      }
      const table = document.createElement("table");
      const rows = [["who composed", "clips judged", "mean, 1 to 5"]];
      for (const [source, values] of [...found].sort()) {
        const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
        rows.push([source, String(values.length), mean.toFixed(2)]);
      }
      for (const cells of rows) {
        const row = table.insertRow();
        for (const cell of cells) row.insertCell().textContent = cell;
      }
      result.append(found.size ? table : "Nothing has been judged yet.");
      for (const heading of document.querySelectorAll("[data-clip]")) {
        const { source } = key.clips[heading.dataset.clip];
        heading.querySelector(".who").textContent = source;
      }
    } catch (error) {
      result.textContent = `This is not this page's key: ${error.message}`;
    }
  });
  show();
})();
