"use strict";

const byId = (id) => document.getElementById(id);
const state = { bots: [], chosen: null, next: 0, actions: 0, bubbles: new Map(), polling: null, lastDay: "", lastSide: "" };

function storedUser() {
  try { return localStorage.getItem("user-id") || ""; } catch { return ""; }
}
function storeUser(id) {
  try { localStorage.setItem("user-id", id); } catch { /* the page works without a memory */ }
}
function userId() {
  const text = byId("user-id").value.trim();
  return /^[1-9]\d{0,14}$/.test(text) ? Number(text) : null;
}
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

async function ask(path, options) {
  const answer = await fetch(path, options);
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.detail || body.title || "HTTP " + answer.status);
  return body;
}
function post(path, body) {
  return ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
}

/* Text with entities: offsets count UTF-16 units, as strings here do. */
const wrappers = { bold: "strong", italic: "em", underline: "u", strikethrough: "s", code: "code", pre: "pre", blockquote: "blockquote" };
function richText(text, entities) {
  const build = (from, to, list) => {
    const out = document.createDocumentFragment();
    let at = from;
    while (list.length) {
      const entity = list.shift();
      const end = Math.min(entity.offset + entity.length, to);
      if (entity.offset < at || end <= entity.offset) continue;
      out.append(text.slice(at, entity.offset));
      const inner = [];
      while (list.length && list[0].offset < end) inner.push(list.shift());
      const content = build(entity.offset, end, inner);
      if (entity.type === "text_link" && /^https?:/i.test(entity.url || "")) {
        const link = document.createElement("a");
        link.href = entity.url;
        link.rel = "noreferrer noopener";
        link.target = "_blank";
        link.append(content);
        out.append(link);
      } else if (wrappers[entity.type]) {
        const element = document.createElement(wrappers[entity.type]);
        element.append(content);
        out.append(element);
      } else {
        out.append(content);
      }
      at = end;
    }
    out.append(text.slice(at, to));
    return out;
  };
  const sorted = (entities || []).slice().sort((a, b) => a.offset - b.offset || b.length - a.length);
  return build(0, text.length, sorted);
}

function initials(bot) { return String(bot.botId).slice(-2); }
function paintAvatar(element, bot) {
  element.className = "avatar tone-" + (bot.botId % 97 % 6);
  element.textContent = initials(bot);
}
function modeText(bot) {
  if (bot.mode === "webhook") return "webhook";
  return bot.mode === "polling" ? "polling" : "not connected";
}

function showBots() {
  const list = byId("bots");
  list.replaceChildren();
  if (!state.bots.length) {
    const hint = document.createElement("p");
    hint.className = "empty";
    hint.textContent = "No bots yet. One appears here as soon as a program uses its token.";
    list.append(hint);
  }
  for (const bot of state.bots) {
    const row = document.createElement("button");
    row.className = "bot";
    row.type = "button";
    row.setAttribute("aria-current", String(bot.botId === state.chosen));
    const avatar = document.createElement("span");
    paintAvatar(avatar, bot);
    const who = document.createElement("span");
    who.className = "who";
    const name = document.createElement("strong");
    name.textContent = bot.firstName;
    const detail = document.createElement("span");
    detail.textContent = "@" + bot.username;
    who.append(name, detail);
    row.append(avatar, who);
    if (bot.pendingUpdates > 0) {
      const badge = document.createElement("span");
      badge.className = "badge late";
      badge.title = "Messages that the bot has not taken yet";
      badge.textContent = bot.pendingUpdates;
      row.append(badge);
    }
    row.addEventListener("click", () => choose(bot.botId));
    list.append(row);
  }
  showHead();
}

function chosenBot() { return state.bots.find((bot) => bot.botId === state.chosen); }

function showHead() {
  const bot = chosenBot();
  byId("compose").hidden = !bot;
  byId("avatar").hidden = !bot;
  if (!bot) {
    byId("bot-name").textContent = "Choose a bot";
    byId("bot-state").textContent = "";
    byId("notice").hidden = true;
    return;
  }
  paintAvatar(byId("avatar"), bot);
  byId("bot-name").textContent = bot.firstName;
  if (!byId("bot-state").classList.contains("typing")) byId("bot-state").textContent = "@" + bot.username + " · " + modeText(bot);
  const hook = bot.webhook;
  const failing = hook && hook.lastErrorMessage && bot.pendingUpdates > 0;
  let notice = "";
  if (failing) notice = "The webhook does not take updates: " + hook.lastErrorMessage + ". " + bot.pendingUpdates + " waiting.";
  else if (bot.mode === "none" && bot.pendingUpdates > 0) notice = "No webhook is set and nobody polls. " + bot.pendingUpdates + " waiting.";
  byId("notice").textContent = notice;
  byId("notice").hidden = !notice;
}

function atBottom() {
  const log = byId("log");
  return log.scrollHeight - log.scrollTop - log.clientHeight < 80;
}
function toBottom() { const log = byId("log"); log.scrollTop = log.scrollHeight; }

function dayMark(at) {
  const day = at.toLocaleDateString(undefined, { weekday: "long", day: "numeric", month: "long" });
  if (day === state.lastDay) return;
  state.lastDay = day;
  const mark = document.createElement("div");
  mark.className = "day";
  mark.textContent = day;
  byId("log").append(mark);
}

function fill(bubble, item, edited) {
  const at = new Date(item.at);
  const stamp = document.createElement("span");
  stamp.className = "stamp";
  stamp.textContent = (edited ? "edited " : "") + at.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
  stamp.title = item.at;
  bubble.replaceChildren(richText(item.text, item.entities), stamp);
  if (!item.keyboard) return;
  const keys = document.createElement("div");
  keys.className = "keys";
  for (const button of item.keyboard.flat()) {
    const key = document.createElement("button");
    key.type = "button";
    key.textContent = button.text || "";
    key.disabled = !button.callback_data;
    key.addEventListener("click", () => press(item, button.callback_data));
    keys.append(key);
  }
  bubble.append(keys);
}

function show(item) {
  const known = state.bubbles.get(item.messageId);
  if (item.method && item.method.startsWith("edit")) {
    if (known) fill(known, item, true);
    return;
  }
  if (item.method === "deleteMessage") {
    if (known) { known.classList.add("gone"); known.textContent = "deleted"; }
    return;
  }
  if (item.method === "setMessageReaction") {
    if (!known) return;
    known.querySelectorAll(".reaction").forEach((old) => old.remove());
    if (item.text) {
      const reaction = document.createElement("span");
      reaction.className = "reaction";
      reaction.textContent = item.text;
      known.append(document.createElement("br"), reaction);
    }
    return;
  }
  dayMark(new Date(item.at));
  const bubble = document.createElement("div");
  bubble.className = "bubble " + (item.direction === "user" ? "user" : "bot-said") + (state.lastSide && state.lastSide !== item.direction ? " turn" : "");
  state.lastSide = item.direction;
  fill(bubble, item, false);
  byId("log").append(bubble);
  state.bubbles.set(item.messageId, bubble);
}

let typingTimer = 0;
function showTyping(actions) {
  const mine = (actions.active || []).filter((a) => a.chatId === userId() || a.chatId < 0);
  document.querySelector(".dots")?.remove();
  clearTimeout(typingTimer);
  const label = byId("bot-state");
  label.classList.toggle("typing", mine.length > 0);
  if (!mine.length) { showHead(); return; }
  label.textContent = mine[0].action === "typing" ? "typing…" : mine[0].action.replaceAll("_", " ") + "…";
  const dots = document.createElement("div");
  dots.className = "dots";
  dots.append(document.createElement("i"), document.createElement("i"), document.createElement("i"));
  byId("log").append(dots);
  typingTimer = setTimeout(() => showTyping({ active: [] }), 5200);
}

async function follow(botId, signal) {
  let first = true;
  while (!signal.aborted) {
    try {
      const query = new URLSearchParams({ botId, after: state.next, wait: first ? 0 : 25 });
      if (!first) query.set("actions", state.actions);
      const news = await ask("/sandbox/messages?" + query, { signal });
      if (signal.aborted) return;
      const stick = first || atBottom();
      if (news.items.length && news.items[0].seq <= state.next) clearLog();
      document.querySelector(".dots")?.remove();
      news.items.forEach(show);
      state.next = news.next;
      state.actions = news.actions.version;
      showTyping(news.actions);
      if (stick) toBottom();
      first = first && news.items.length > 0;
      linkState(true);
    } catch (problem) {
      if (signal.aborted) return;
      linkState(false);
      await sleep(1500);
    }
  }
}

function clearLog() {
  byId("log").replaceChildren();
  state.bubbles.clear();
  state.lastDay = "";
  state.lastSide = "";
}

function choose(botId) {
  state.polling?.abort();
  state.chosen = botId;
  state.next = 0;
  state.actions = 0;
  clearLog();
  history.replaceState(null, "", "#" + botId);
  document.body.classList.add("talking");
  const bot = chosenBot();
  const known = bot ? bot.chats.filter((chat) => chat.chatId > 0) : [];
  if (!byId("user-id").value && known.length) byId("user-id").value = known[known.length - 1].chatId;
  showBots();
  state.polling = new AbortController();
  follow(botId, state.polling.signal);
  if (matchMedia("(min-width: 681px)").matches) byId("text").focus();
}

async function press(item, data) {
  try {
    await post("/sandbox/callbacks", { botId: state.chosen, userId: userId(), chatId: item.chatId, messageId: item.messageId, data });
  } catch (problem) { tell(problem.message); }
}

function tell(text) {
  byId("notice").textContent = text;
  byId("notice").hidden = false;
}

async function send() {
  const box = byId("text");
  const text = box.value;
  const user = userId();
  byId("user-id").classList.toggle("wrong", user === null);
  if (user === null) { tell("Fill in the number of the Telegram user that you write as."); byId("user-id").focus(); return; }
  if (!text.trim() || state.chosen === null) return;
  storeUser(String(user));
  try {
    await post("/sandbox/messages", { botId: state.chosen, userId: user, text });
    box.value = "";
    grow();
    toBottom();
  } catch (problem) { tell(problem.message); }
}

function grow() {
  const box = byId("text");
  box.style.height = "auto";
  box.style.height = Math.min(box.scrollHeight + 2, 160) + "px";
}

function linkState(well) {
  const dot = byId("link-state");
  dot.classList.toggle("lost", !well);
  dot.title = well ? "Connected to the sandbox" : "The sandbox does not answer";
}

async function watchBots() {
  let before = "";
  while (true) {
    try {
      const list = (await ask("/sandbox/bots")).items;
      linkState(true);
      const now = JSON.stringify(list);
      if (now !== before) {
        before = now;
        state.bots = list;
        const linked = list.find((bot) => "#" + bot.botId === location.hash);
        const only = list.length === 1 && matchMedia("(min-width: 681px)").matches ? list[0] : null;
        if (state.chosen === null && (linked || only)) choose((linked || only).botId);
        else showBots();
      }
    } catch { linkState(false); }
    await sleep(document.hidden ? 5000 : 1500);
  }
}

byId("user-id").value = storedUser();
byId("user-id").addEventListener("change", () => { const user = userId(); byId("user-id").classList.toggle("wrong", user === null); if (user !== null) storeUser(String(user)); });
byId("compose").addEventListener("submit", (event) => { event.preventDefault(); send(); });
byId("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); send(); }
});
byId("text").addEventListener("input", grow);
byId("back").addEventListener("click", () => { document.body.classList.remove("talking"); });
showBots();
watchBots();
