/* SPDX-License-Identifier: MIT */
'use strict';

/* Events are numbered from 1, as in the trace; steps from 0. */
const TIME = 0, CAUSE = 1, ELEMENT = 2, SENTENCE = 3, RULE = 4;
const FIRST = 0, LAST = 1, BOTTOM = 2, CLOCK = 3, SURPRISE = 4, MOVES = 5;
const SVG = 'http://www.w3.org/2000/svg';

function make(name, text, className) {
  const element = document.createElement(name);
  if (text) element.textContent = text;
  if (className) element.className = className;
  return element;
}

class Run {
  constructor(panel) {
    this.panel = panel;
    this.model = JSON.parse(panel.querySelector('.model').textContent);
    this.ladder = panel.querySelector('.ladder');
    this.svg = this.ladder.querySelector('svg');
    this.position = 0;
    this.all = false;
    this.answered = new Set();
    this.chosen = 0; /* a connection; 0: the one that moved last */
    this.asks = new Map(this.model.notes.map(note => [note[0], note]));
    this.findElements();
    this.addFront();
    this.listen();
    this.render();
  }

  /* ---- what can be pointed at ---- */

  findElements() {
    this.elements = new Map(); /* element -> its events, in order */
    this.model.events.forEach((event, index) => {
      const element = event[ELEMENT] && document.getElementById(this.model.prefix + event[ELEMENT]);
      if (!element) return;
      if (!this.elements.has(element)) this.elements.set(element, []);
      this.elements.get(element).push(index + 1);
    });
    this.order = [...this.elements.keys()].sort((a, b) => this.elements.get(a)[0] - this.elements.get(b)[0]);
    for (const element of this.order) {
      element.setAttribute('tabindex', '-1');
      element.setAttribute('role', 'img');
      const title = element.querySelector('title');
      const note = this.asks.get(this.elements.get(element)[0]);
      element.setAttribute('aria-label', note ? note[1] : title ? title.textContent : this.sentence(this.elements.get(element)[0]));
    }
  }

  sentence(number) { return this.model.events[number - 1][SENTENCE]; }
  step() { return this.model.steps[this.position]; }
  last() { return this.everything() ? this.model.events.length : this.step() ? this.step()[LAST] : 0; }
  everything() { return this.all || document.body.classList.contains('beside'); }
  stepOf(number) { return this.model.steps.findIndex(step => step[LAST] >= number); }

  addFront() {
    this.veil = document.createElementNS(SVG, 'rect');
    this.veil.setAttribute('class', 'veil');
    this.veil.setAttribute('width', this.svg.viewBox.baseVal.width);
    this.front = document.createElementNS(SVG, 'path');
    this.front.setAttribute('class', 'front');
    this.svg.append(this.veil, this.front);
  }

  /* ---- moving ---- */

  go(position) {
    this.position = Math.max(0, Math.min(this.model.steps.length - 1, position));
    this.all = false;
    this.render();
    this.scroll();
  }

  /* A question stands until it is answered; only then the run goes on. */
  forward() {
    const ask = this.question();
    if (ask && !this.answered.has(ask[0])) {
      this.answered.add(ask[0]);
      this.render();
    } else {
      this.go(this.position + 1);
    }
  }

  question() {
    const step = this.step();
    for (let n = step ? step[FIRST] : 1; step && n <= step[LAST]; n++) {
      if (this.asks.has(n) && this.asks.get(n)[2] !== null) return this.asks.get(n);
    }
    return null;
  }

  find(by, what) {
    for (let p = this.position + by; p >= 0 && p < this.model.steps.length; p += by) {
      if (this.model.steps[p][what]) return this.go(p);
    }
    this.go(by > 0 ? this.model.steps.length - 1 : 0);
  }

  act(what) {
    const acts = {
      first: () => this.go(0), back: () => this.go(this.position - 1), forward: () => this.forward(),
      last: () => this.go(this.model.steps.length - 1), state: () => this.find(1, MOVES), surprise: () => this.find(1, SURPRISE),
      stateBack: () => this.find(-1, MOVES), surpriseBack: () => this.find(-1, SURPRISE),
      all: () => { this.all = !this.all; this.render(); },
    };
    acts[what]();
  }

  /* ---- showing ---- */

  render() {
    const step = this.step();
    this.unlight();
    this.renderLadder();
    this.panel.querySelector('[data-go="all"]').setAttribute('aria-pressed', String(this.all));
    if (!step) return;
    this.panel.querySelector('[data-go="back"]').disabled = this.panel.querySelector('[data-go="first"]').disabled = this.position === 0;
    this.panel.querySelector('[data-go="last"]').disabled = this.position === this.model.steps.length - 1;
    this.panel.querySelector('.report').hidden = !this.everything() && this.position < this.model.steps.length - 1;
    this.renderWhere(step);
    this.renderNow(step);
    this.renderSockets();
    this.renderStates();
  }

  renderLadder() {
    const last = this.last(), step = this.step(), height = this.svg.viewBox.baseVal.height;
    const y = this.everything() || !step || this.position === this.model.steps.length - 1 ? height : step[BOTTOM];
    this.veil.setAttribute('y', y);
    this.veil.setAttribute('height', Math.max(0, height - y));
    this.front.setAttribute('d', y < height ? `M0 ${y}H${this.svg.viewBox.baseVal.width}` : '');
    for (const [element, events] of this.elements) {
      element.classList.toggle('later', events[0] > last);
      element.classList.toggle('current', !!step && !this.everything() && events.some(n => n >= step[FIRST] && n <= step[LAST]));
      if (this.asks.has(events[0])) element.classList.toggle('unanswered', !this.isAnswered(events[0]));
    }
  }

  isAnswered(number) {
    return this.everything() || this.answered.has(number) || (this.step() && number < this.step()[FIRST]);
  }

  renderWhere(step) {
    const where = this.panel.querySelector('.where');
    where.textContent = `${step[CLOCK]}, step ${this.position + 1} of ${this.model.steps.length}`;
    if (step[SURPRISE]) where.append(', ', make('span', step[SURPRISE], 'surprise'));
  }

  renderNow(step) {
    const card = this.panel.querySelector('.card'), list = this.panel.querySelector('.happens');
    list.replaceChildren();
    card.replaceChildren();
    card.hidden = true;
    for (let n = step[FIRST]; n <= step[LAST]; n++) {
      const note = this.asks.get(n);
      if (note) this.renderCard(card, note);
      else list.append(make('li', this.sentence(n)));
    }
  }

  renderCard(card, note) {
    card.hidden = false;
    card.classList.toggle('question', note[2] !== null);
    card.append(make('div', note[1]));
    if (note[2] === null) return;
    if (this.isAnswered(note[0])) {
      card.append(make('strong', note[2]));
      return;
    }
    const button = make('button', 'Answer');
    button.type = 'button';
    button.addEventListener('click', () => { this.forward(); this.ladder.focus(); });
    card.append(button);
  }

  table(position, lane) {
    while (position > 0 && this.model.sockets[position][lane] === 0) position--;
    return this.model.sockets[position][lane] || [];
  }

  renderSockets() {
    this.panel.querySelectorAll('.sockets tbody').forEach((body, lane) => {
      const rows = this.table(this.position, lane), before = this.position > 0 ? this.table(this.position - 1, lane) : [];
      body.replaceChildren(...rows.map(row => {
        const line = document.createElement('tr'), was = before.find(old => old[3] === row[3] && old[4] === row[4]);
        row.forEach((cell, column) => {
          line.append(make('td', cell, was && column < 3 && was[column] !== cell || !was && column === 0 ? 'changed' : ''));
        });
        return line;
      }));
      if (!rows.length) {
        const line = document.createElement('tr'), cell = make('td', 'no socket');
        cell.colSpan = 6;
        line.append(cell);
        body.append(line);
      }
    });
  }

  /* ---- the state diagrams ---- */

  renderStates() {
    const last = this.step()[LAST], moves = this.model.moves.filter(move => move[0] <= last);
    const conn = this.chosen || (moves.length ? moves[moves.length - 1][1] : 1);
    const select = this.panel.querySelector('.connection');
    if (select.value !== String(conn)) select.value = String(conn);
    this.panel.querySelectorAll('figure').forEach((figure, side) => {
      const all = this.model.moves.filter(move => move[1] === conn && move[2] === side);
      const lane = all.length ? all[0][3] : side;
      figure.querySelector('figcaption').textContent = this.model.hosts[lane] || '';
      this.renderDiagram(figure.querySelector('svg'), all.filter(move => move[0] <= last), this.model.hosts[lane] || '');
    });
  }

  renderDiagram(svg, moves, host) {
    const newest = moves[moves.length - 1];
    const name = (move, which) => move[which] === 'CLOSED' && (which === 5 || move !== moves[0]) ? 'GONE' : move[which];
    const is = newest ? name(newest, 5) : 'CLOSED';
    const was = new Set(moves.flatMap(move => [name(move, 4), name(move, 5)]));
    for (const node of svg.querySelectorAll('[data-state]')) {
      node.classList.toggle('is', node.dataset.state === is);
      node.classList.toggle('was', was.has(node.dataset.state));
    }
    let drawn = false;
    for (const path of svg.querySelectorAll('[data-from]')) {
      const along = move => name(move, 4) === path.dataset.from && name(move, 5) === path.dataset.to;
      path.setAttribute('class', newest && along(newest) ? 'newest' : moves.some(along) ? 'was' : '');
      drawn = drawn || newest && along(newest);
    }
    this.renderOff(svg, newest && !drawn ? [name(newest, 4), is] : null);
    svg.setAttribute('aria-label', newest ? `${host}: from ${newest[4]} to ${newest[5]}` : `${host}: CLOSED`);
  }

  /* A move that the figure does not show: a reset, a timeout, a crash. */
  renderOff(svg, ends) {
    const middle = state => {
      const rect = svg.querySelector(`[data-state="${state}"] rect`);
      return rect ? [+rect.getAttribute('x') + rect.getAttribute('width') / 2, +rect.getAttribute('y') + 12] : null;
    };
    const off = svg.querySelector('.off'), from = ends && middle(ends[0]), to = ends && middle(ends[1]);
    off.setAttribute('d', from && to ? `M${from}L${to}` : '');
    off.classList.toggle('newest', !!(from && to));
  }

  /* ---- causes ---- */

  light(element) {
    const events = this.elements.get(element).filter(n => n <= this.last());
    if (!events.length) return;
    this.unlight();
    const list = this.panel.querySelector('.causes'), number = events[events.length - 1];
    if (this.asks.has(number) && !this.isAnswered(number)) return;
    element.classList.add('asked');
    for (let n = number; n > 0; n = this.model.events[n - 1][CAUSE]) {
      const event = this.model.events[n - 1], mark = event[ELEMENT] && document.getElementById(this.model.prefix + event[ELEMENT]);
      if (mark) mark.classList.add('lit');
      list.append(this.cause(n, event));
    }
    this.panel.querySelector('.why').hidden = false;
  }

  cause(n, event) {
    const item = document.createElement('li'), button = make('button', event[SENTENCE]), at = this.stepOf(n);
    button.type = 'button';
    button.prepend(make('span', `${this.model.steps[at][CLOCK]}  `, 'where'));
    button.addEventListener('click', () => this.go(at));
    item.append(button);
    if (event[RULE] >= 0) item.append(make('span', `${this.model.rules[event[RULE]][0]} [${this.model.rules[event[RULE]][1]}]`, 'rule'));
    return item;
  }

  unlight() {
    for (const element of this.svg.querySelectorAll('.lit,.asked')) element.classList.remove('lit', 'asked');
    this.panel.querySelector('.causes').replaceChildren();
    this.panel.querySelector('.why').hidden = true;
  }

  /* ---- hands ---- */

  listen() {
    const select = this.panel.querySelector('.connection');
    this.model.connections.forEach((name, index) => {
      const option = make('option', name);
      option.value = index + 1;
      select.append(option);
    });
    select.closest('label').hidden = this.model.connections.length < 2;
    select.addEventListener('change', () => { this.chosen = +select.value; this.renderStates(); });
    for (const button of this.panel.querySelectorAll('[data-go]')) button.addEventListener('click', () => this.act(button.dataset.go));
    const of = event => event.target.closest && this.owner(event.target);
    this.ladder.addEventListener('mouseover', event => { if (of(event)) this.light(of(event)); });
    this.ladder.addEventListener('focusin', event => { if (of(event)) this.light(of(event)); });
    this.ladder.addEventListener('click', event => { if (of(event)) this.go(this.stepOf(this.elements.get(of(event))[0])); });
    this.ladder.addEventListener('keydown', event => this.walk(event));
  }

  owner(target) {
    for (let node = target; node && node !== this.ladder; node = node.parentNode) {
      if (this.elements.has(node)) return node;
    }
    return null;
  }

  walk(event) {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key], here = this.owner(document.activeElement);
    if (event.key === 'Enter' && here) this.go(this.stepOf(this.elements.get(here)[0]));
    if (!by || event.altKey || event.ctrlKey || event.metaKey) return;
    const seen = this.order.filter(element => !element.classList.contains('later'));
    const at = here ? seen.indexOf(here) : by > 0 ? -1 : seen.length;
    const next = seen[at + by];
    if (next) next.focus();
    event.preventDefault();
  }

  scroll(y) {
    const box = this.svg.getBoundingClientRect(), scale = box.height / this.svg.viewBox.baseVal.height;
    const wanted = (y || (this.step() ? this.step()[BOTTOM] : 0)) * scale - this.ladder.clientHeight * 0.72;
    this.ladder.scrollTop = Math.max(0, wanted);
  }
}

/* ---- the page ---- */

const panels = [...document.querySelectorAll('.run')], runs = panels.map(panel => new Run(panel));
const tabs = [...document.querySelectorAll('[role="tab"]')], other = document.getElementById('other');
let current = 0;

function show(index) {
  current = index;
  tabs.forEach((tab, i) => {
    tab.setAttribute('aria-selected', String(i === index));
    tab.tabIndex = i === index ? 0 : -1;
  });
  compare();
}

/* Two runs beside each other, and the first event in which they differ. */
function compare() {
  const beside = other && other.value !== '' && +other.value !== current ? +other.value : -1;
  document.body.classList.toggle('beside', beside >= 0);
  panels.forEach((panel, i) => { panel.hidden = i !== current && i !== beside; });
  for (const marked of document.querySelectorAll('.different')) marked.classList.remove('different');
  const output = document.getElementById('difference');
  if (output) output.textContent = '';
  runs[current].render();
  if (beside < 0) return;
  runs[beside].render();
  const at = difference(runs[current].model.events, runs[beside].model.events);
  const told = [runs[current], runs[beside]].map(run => mark(run, at));
  output.textContent = at < 0 ? 'no difference' : `first difference: ${told.join('; beside it: ')}`;
}

function difference(a, b) {
  for (let i = 0; i < a.length || i < b.length; i++) {
    if (!a[i] || !b[i] || a[i][TIME] !== b[i][TIME] || a[i][SENTENCE] !== b[i][SENTENCE]) return i;
  }
  return -1;
}

function mark(run, from) {
  const event = from >= 0 && run.model.events[from];
  if (!event) return 'nothing more happens';
  const seen = run.order.find(element => run.elements.get(element).some(n => n > from));
  if (seen) seen.classList.add('different');
  const step = run.model.steps[run.stepOf(from + 1)];
  run.scroll(step[BOTTOM]);
  return `${step[CLOCK]} ${event[SENTENCE]}`;
}

tabs.forEach((tab, i) => {
  tab.addEventListener('click', () => show(i));
  tab.addEventListener('keydown', event => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    const next = (i + by + tabs.length) % tabs.length;
    show(next);
    tabs[next].focus();
    event.preventDefault();
    event.stopPropagation();
  });
});
if (other) other.addEventListener('change', compare);

const themes = ['system', 'dark', 'light'];
document.getElementById('theme').addEventListener('click', event => {
  const was = document.documentElement.dataset.theme || 'system', next = themes[(themes.indexOf(was) + 1) % 3];
  if (next === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = next;
  event.currentTarget.textContent = `Theme: ${next}`;
});
document.getElementById('help').addEventListener('click', event => {
  const keys = document.getElementById('keys');
  keys.hidden = !keys.hidden;
  event.currentTarget.setAttribute('aria-expanded', String(!keys.hidden));
});

document.addEventListener('keydown', event => {
  const key = { ArrowRight: 'forward', ArrowLeft: 'back', Home: 'first', End: 'last', s: 'state', S: 'stateBack', x: 'surprise', X: 'surpriseBack', a: 'all' }[event.key];
  if (event.altKey || event.ctrlKey || event.metaKey || event.target.closest('select')) return;
  if (event.key === 't') document.getElementById('theme').click();
  if (event.key === '?') document.getElementById('help').click();
  if (!key || document.body.classList.contains('beside')) return;
  runs[current].act(key);
  event.preventDefault();
});
