"use strict";
(() => {
  const items = [...document.querySelectorAll(".item")];
  const groups = [...document.querySelectorAll(".impact, .part, .release")].reverse();
  const chips = [...document.querySelectorAll("[data-filter]")];
  const search = document.getElementById("search");
  const shown = document.getElementById("shown");
  const pressed = new Set();
  let texts = null;
  let here = null;

  // The text of a page with thousands of resources is taken once, at the first search.
  const textOf = (index) => (texts ??= items.map((item) => item.textContent.toLowerCase()))[index];

  const apply = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    items.forEach((item, index) => {
      const fits = (!pressed.size || pressed.has(item.dataset.level))
        && words.every((word) => textOf(index).includes(word));
      item.hidden = !fits;
      count += fits;
    });
    const filtering = words.length > 0 || pressed.size > 0;
    for (const group of groups) {
      const alive = group.querySelector(".item:not([hidden])");
      group.hidden = filtering && !alive;
      if (filtering && alive && group.matches(".impact")) group.open = true;
    }
    shown.textContent = filtering ? `${count} of ${items.length} shown.` : "";
    if (here?.hidden) go(null);
  };

  const go = (item) => {
    here?.classList.remove("here");
    here = item;
    if (!item) return;
    item.classList.add("here");
    for (let up = item.parentElement; up; up = up.parentElement) {
      if (up.matches("details")) up.open = true;
    }
    (item.querySelector("summary") ?? item).focus({preventScroll: true});
    item.scrollIntoView({block: "nearest"});
  };

  const step = (by) => {
    const left = items.filter((item) => !item.hidden);
    if (!left.length) return;
    const at = left.indexOf(here);
    const next = at < 0 ? (by > 0 ? 0 : left.length - 1) : at + by;
    go(left[Math.max(0, Math.min(left.length - 1, next))]);
  };

  const unfold = () => {
    const left = items.filter((item) => !item.hidden && item.matches("details"));
    const open = left.some((item) => !item.open);
    for (const item of left) item.open = open;
  };

  // The element is looked up by its id, never by a selector made of the address.
  const follow = () => {
    const id = decodeURIComponent(location.hash.slice(1));
    const target = id && document.getElementById(id);
    if (!target) return;
    if (target.matches("details")) target.open = true;
    if (target.matches(".item")) go(target);
    target.scrollIntoView();
  };

  const keys = {
    "/": () => { search.focus(); search.select(); },
    j: () => step(1),
    k: () => step(-1),
    x: unfold,
  };

  let waiting = 0;
  search.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(apply, 80);
  });
  for (const chip of chips) {
    chip.addEventListener("click", () => {
      const word = chip.dataset.filter;
      const on = !pressed.delete(word);
      if (on) pressed.add(word);
      chip.setAttribute("aria-pressed", String(on));
      apply();
    });
  }
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") {
      search.value = "";
      search.blur();
      apply();
    } else if (event.target !== search && Object.hasOwn(keys, event.key)) {
      event.preventDefault();
      keys[event.key]();
    } else if (event.target === search && event.key === "Enter") {
      apply();
      step(1);
    }
  });
  addEventListener("hashchange", follow);
  document.getElementById("tools").hidden = false;
  follow();
})();
