// What only the browser can do: filter, pick, copy, remember. Everything else the server draws.
"use strict";
(() => {
  const each = (selector, root = document) => [...root.querySelectorAll(selector)];
  const say = (text) => { const at = document.getElementById("said"); if (at) at.textContent = text; };

  // --- the catalog's search --------------------------------------------------------------------
  // What is found stands in the place of the catalog.
  const find = async (words) => {
    await htmx.ajax("GET", `/find?${new URLSearchParams({ words })}`, { target: "#found", select: "unset", swap: "innerHTML" });
    document.querySelector("#found a")?.click();
  };
  document.addEventListener("input", ({ target }) => {
    mend(target);
    search(target);
    conditions();
  });
  document.addEventListener("keydown", (event) => {
    const { target, key } = event;
    if ("find" in (target.dataset ?? {}) && key === "Enter") {
      event.preventDefault();
      find(target.value);
    }
    if (key === "Escape") for (const open of each(".choices")) open.textContent = "";
  });

  // What was wrong with a box is not any more what is typed in it; nor is the flow's verdict.
  const mend = (box) => {
    box.removeAttribute("aria-invalid");
    for (const end of ["wrong", "doubt"]) document.getElementById(`${box.id}-${end}`)?.remove();
  };

  // --- choices: by what is typed while they are open ---------------------------------------------
  let waiting = 0;
  const search = (box) => {
    const list = document.querySelector(`.choices[data-for="${CSS.escape(box.id)}"]`);
    const button = box.parentElement.querySelector(".pick");
    if (!list?.hasChildNodes() || !button) return;
    clearTimeout(waiting);
    waiting = setTimeout(() => { list.textContent = ""; (openers.get(list) ?? button).click(); }, 300);
  };
  const openers = new WeakMap();  // which button's choices a list has
  document.addEventListener("htmx:confirm", (event) => {
    if (!event.target.classList.contains("pick")) return;
    const list = document.getElementById(event.target.getAttribute("aria-controls"));
    const isOpen = list.hasChildNodes();
    list.textContent = "";
    if (isOpen && openers.get(list) === event.target) event.preventDefault();  // it closes them
    openers.set(list, event.target);
  });

  // --- rows that others forbid: hidden while they are empty --------------------------------------
  const typed = (form, name) =>
    form.querySelector(`[name="${CSS.escape(name)}"]`)?.value.trim() ?? "";
  const holds = (form, scope, [name, values]) => {
    const value = typed(form, scope + name);
    return value !== "" && (values.length === 0 || values.map(String).includes(value));
  };
  const forbids = (form, scope, { when, unless }) => {
    const cases = Object.entries(when);
    const exempt = Object.entries(unless);
    if (!cases.every((each) => holds(form, scope, each))) return false;
    const decided = exempt.every(([name]) => typed(form, scope + name) !== "");
    return decided && !exempt.some((each) => holds(form, scope, each));
  };
  const conditions = () => {
    for (const control of each("[data-forbidden]")) {
      const form = control.closest("form");
      const found = JSON.parse(control.dataset.forbidden);
      const empty = each("input, select, textarea", control)
        .every((box) => box.type === "checkbox" ? !box.checked : !box.value.trim());
      control.hidden = empty && !("filled" in control.dataset) &&
        found.some((condition) => forbids(form, control.dataset.scope, condition));
    }
  };

  // --- choosing, copying -----------------------------------------------------------------------
  document.addEventListener("click", async (event) => {
    const { target } = event;
    const picked = target.closest("[data-pick]");
    if (picked) {
      const list = picked.closest(".choices");
      const box = document.getElementById(list.dataset.for);
      box.value = picked.dataset.pick;
      list.textContent = "";
      box.focus();
      conditions();
    }
    const date = target.closest("[data-date]");
    if (date) pickDate(document.getElementById(date.dataset.date), date);
    const copy = target.closest("[data-copy]");
    if (copy) {
      await navigator.clipboard.writeText(copy.parentElement.querySelector("pre").textContent);
      copy.textContent = "Copied";
      say("Copied");
    }
    const link = target.closest('.summary a[href^="#"], .doubted a[href^="#"], .failure a[href^="#"]');
    if (link) {
      event.preventDefault();  // it would scroll on, below the bar above
      reveal(document.getElementById(link.hash.slice(1)));
    }
    if (target.closest("[data-restore]")) restore(target.closest("form"));
  });
  const pickDate = (box, button) => {
    const calendar = Object.assign(document.createElement("input"), { type: "date", className: "calendar", tabIndex: -1 });
    calendar.setAttribute("aria-hidden", "true");
    button.after(calendar);
    const close = () => { if (calendar.isConnected) calendar.remove(); };
    calendar.addEventListener("change", () => { box.value = `${calendar.value}T00:00:00Z`; box.focus(); });
    calendar.addEventListener("blur", () => setTimeout(close));
    calendar.focus();
    calendar.showPicker();
  };
  const reveal = (element) => {
    for (let at = element; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    if (!element) return;
    element.focus({ preventScroll: true });
    const isTall = element.offsetHeight > innerHeight / 3;
    element.scrollIntoView({ block: isTall ? "start" : "center" });  // clear of the bars at the edges
  };

  // --- the last inputs of each action, in this browser -------------------------------------------
  // What is typed is kept as a draft; where a form is blank again, the draft is what was last there.
  const KEY = /\b(?:[srp]k|whsec|ek)_|_secret_/;
  const SECRET = /secret|password/i;
  const place = (form) => `inputs:${form.dataset.action}`;
  const draftOf = (form) => `draft:${form.dataset.action}`;
  const harmless = (form) => [...new FormData(form)].filter(([name, value]) =>
    /^(in|opt):/.test(name) && value && !KEY.test(value) && !SECRET.test(name));
  const store = (name, pairs) => {
    try {
      if (pairs.length) localStorage.setItem(name, JSON.stringify(pairs));
      else localStorage.removeItem(name);
    } catch { say("This browser has no room to keep what is typed."); }
  };
  document.addEventListener("input", ({ target }) => {
    const form = target.closest("form[data-action]");
    if (form) store(draftOf(form), harmless(form));
  });
  const laidAside = (form) => {
    const draft = localStorage.getItem(draftOf(form));
    if (draft) localStorage.setItem(place(form), draft);
    localStorage.removeItem(draftOf(form));
  };
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.dataset.action || event.submitter?.value !== "run") return;
    store(place(form), harmless(form));
    localStorage.removeItem(draftOf(form));
  }, true);
  const restore = (form) => {
    const pairs = JSON.parse(localStorage.getItem(place(form)) ?? "[]");
    const values = { ...Object.fromEntries(pairs), do: "draw" };
    htmx.ajax("POST", form.getAttribute("action"), { values, target: "#page", select: "#page", swap: "outerHTML" });
  };

  // --- what is typed while an answer is on its way: the page that comes does not know it ----------
  const BOXES = "input:not([type=hidden]), select, textarea";
  const texts = (root) => new Map(each(BOXES, root).filter((box) => box.name && box.type !== "checkbox")
    .map((box) => [box.name, box.value]));
  let turning = null;  // what has asked for another page
  const before = new Map();  // the part that is asked for → what stood in it then
  const since = new Map();  // … and what was typed since
  const isForm = (detail) => detail.requestConfig?.verb === "post";
  const note = (root, id) => {
    const sent = before.get(id);
    if (!sent) return;
    const typed = [...texts(root)].filter(([name, value]) => sent.has(name) && sent.get(name) !== value);
    since.set(id, typed.map(([name, value]) => [name, value, sent.get(name)]));
    before.delete(id);
  };
  const putBack = (root, id) => {
    for (const [name, value, was] of since.get(id) ?? []) {
      const box = root.querySelector(`[name="${CSS.escape(name)}"]`);
      if (box?.value !== was) continue;  // what is there now is newer than what was typed
      box.value = value;
      box.dispatchEvent(new Event("input", { bubbles: true }));
    }
    since.delete(id);
  };
  document.addEventListener("htmx:beforeRequest", ({ detail }) => {
    const page = document.getElementById("page");
    if (detail.target === page) {
      // What else is asked for is about a page that will not be there any more.
      const others = [turning, ...each("[hx-get], [hx-post]")];
      for (const asking of others) if (asking && asking !== detail.elt) htmx.trigger(asking, "htmx:abort");
      turning = detail.elt;
      if (isForm(detail)) before.set("page", texts(page));
    }
    const boxes = document.getElementById("flow-inputs");
    if (boxes && detail.elt.id === "text") before.set("flow-inputs", texts(boxes));
  });
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if (detail.target.id === "page") note(detail.target, "page");
  });
  document.addEventListener("htmx:afterSwap", ({ detail }) => {
    if (detail.target?.id === "page") putBack(document, "page");
  });
  document.addEventListener("htmx:oobBeforeSwap", ({ detail }) => note(detail.target, detail.target.id));
  document.addEventListener("htmx:oobAfterSwap", ({ detail }) => putBack(detail.target, detail.target.id));

  // --- where one goes on after a button of the form: at the new item, or where one was -------------
  let pressed = "";
  const CHANGED = /^(add|drop):(.+)$/;
  const listOf = (name) => document.getElementById(name.replace(":", "-").replaceAll(".", "-"));
  const nextOf = (value) => {
    const [, what, name] = CHANGED.exec(value) ?? [];
    if (what === "add") return each(":scope > :is(.item, .pair)", listOf(name)).at(-1)?.querySelector(BOXES);
    if (what === "drop") return listOf(name.replace(/\.\d+$/, ""))?.querySelector(":scope > .add");
    return document.querySelector(`button[name="do"][value="${CSS.escape(value)}"]:not(.first)`);
  };
  document.addEventListener("htmx:beforeRequest", ({ detail }) => {
    const { submitter } = detail.requestConfig?.triggeringEvent ?? {};
    pressed = submitter?.name === "do" ? submitter.value : "";
  });

  // --- whenever a page is there ------------------------------------------------------------------
  const arrived = () => {
    for (const form of each("form[data-action]")) {
      const button = form.querySelector("[data-restore]");
      const blank = each(BOXES, form).every((box) => box.type === "checkbox" ? !box.checked : !box.value);
      if (blank) laidAside(form);
      if (button) button.hidden = !blank || !localStorage.getItem(place(form));
    }
    if (matchMedia("(max-width: 760px)").matches)
      for (const catalog of each(".catalog")) catalog.open = location.pathname === "/";
    const here = document.querySelector(".catalog [aria-current]");
    if (here) here.closest(".catalog").scrollTop = Math.max(0, here.offsetTop - 200);
    conditions();
  };
  document.addEventListener("DOMContentLoaded", arrived);
  document.addEventListener("htmx:afterSettle", ({ detail }) => {
    if (detail.target?.id !== "page" && detail.elt?.id !== "page") return;
    arrived();
    const focused = document.querySelector("[data-focus]");
    if (focused) focused.focus();
    else if (pressed) nextOf(pressed)?.focus();
    else if (detail.requestConfig?.verb === "get") {
      scrollTo(0, 0);
      document.getElementById("main").focus({ preventScroll: true });
    }
  });

  // --- what the studio does not do: told where it was asked for, and what is there stays ------------
  const SILENT = "The studio does not answer: is it still running?";
  const trouble = ({ elt }, text, put) => {
    const form = elt.closest("form");
    const told = document.querySelector(".trouble");
    if (told?.textContent === text) return;
    told?.remove();
    const words = Object.assign(document.createElement("p"), { className: "failure trouble", textContent: text });
    words.setAttribute("role", "alert");
    if (form) put(form, words);
    else document.getElementById("main").prepend(words);
    words.scrollIntoView({ block: "nearest" });
  };
  const above = (form, words) => {
    const top = form.querySelector(".top");
    if (top) top.after(words);
    else form.before(words);
  };
  const atRun = (form, words) => (form.querySelector(".buttons, .start") ?? form).append(words);
  const answers = (does) => document.querySelector(".mode")?.classList.toggle("gone", !does);
  document.addEventListener("htmx:sendError", ({ detail }) => {
    answers(false);
    trouble(detail, SILENT, atRun);
  });
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    answers(true);
    if (detail.xhr.getResponseHeader("Studio-Door") !== "closed") {
      document.querySelector(".trouble")?.remove();
      return;
    }
    detail.shouldSwap = false;
    since.clear();
    trouble(detail, detail.xhr.responseText, above);
  });
})();
