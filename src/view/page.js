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

/* The first of `things` are seen, in their order; returns how many are seen now. */
function uncover(things, shown, isSeen, elementOf) {
  while (shown < things.length && isSeen(things[shown])) elementOf(things[shown++]).classList.remove('later');
  while (shown > 0 && !isSeen(things[shown - 1])) elementOf(things[--shown]).classList.add('later');
  return shown;
}

class Run {
  constructor(panel) {
    this.panel = panel;
    this.model = JSON.parse(panel.querySelector('.model').textContent);
    this.ladder = panel.querySelector('.ladder');
    this.svg = this.ladder.querySelector('svg[role]');
    this.names = this.ladder.querySelector('.names');
    this.position = 0;
    this.all = false;
    this.answered = new Set();
    this.chosen = 0; /* a connection; 0: the one that moved last */
    this.asks = new Map(this.model.notes.map(note => [note[0], note]));
    this.lit = [];
    this.current = [];
    this.findElements();
    this.findParts();
    this.addFront();
    this.listen();
    this.render();
  }

  /* ---- what can be pointed at ---- */

  findElements() {
    this.elements = new Map(); /* element -> its events, in order */
    this.element = new Array(this.model.events.length + 1); /* by event; undefined: it is not drawn */
    this.model.events.forEach((event, index) => {
      const element = event[ELEMENT] && document.getElementById(this.model.prefix + event[ELEMENT]);
      if (!element) return;
      if (!this.elements.has(element)) this.elements.set(element, []);
      this.elements.get(element).push(index + 1);
      this.element[index + 1] = element;
    });
    this.order = [...this.elements.keys()].sort((a, b) => this.elements.get(a)[0] - this.elements.get(b)[0]);
    this.rows = [...this.svg.querySelectorAll(`[id^="${this.model.prefix}l"]`)].map(row => [row, +row.getAttribute('transform').slice(12, -1)]);
    for (const element of this.order) element.classList.add('later');
    for (const [row] of this.rows) row.classList.add('later');
    this.shown = 0; /* so many of the elements, and of the rows, can be seen */
    this.shownRows = 0;
    if (!this.model.parts.length) this.name(this.svg);
  }

  /* To who cannot see the picture an event is a button with a sentence, not its strokes and words. */
  name(within) {
    for (const element of within.querySelectorAll('.event,.segment,.say,.ask,.fault')) {
      const events = this.elements.get(element), title = element.querySelector('title');
      if (!events) continue;
      const note = this.asks.get(events[0]), clock = this.model.steps[this.stepOf(events[0])][CLOCK];
      element.setAttribute('tabindex', '-1');
      element.setAttribute('role', 'button');
      element.setAttribute('aria-label', note ? note[1] : element.classList.contains('segment') && title ? title.textContent
        : `${clock}, ${title ? title.textContent : this.sentence(events[0])}`);
      for (const child of element.children) child.setAttribute('aria-hidden', 'true');
    }
  }

  /* A long ladder comes in parts; those out of sight are taken out of the page. */
  findParts() {
    this.parts = [...this.svg.querySelectorAll('.part')].map((place, i) => {
      const part = { place, top: this.model.parts[i][0], bottom: this.model.parts[i][1], out: document.createDocumentFragment(), named: false };
      part.out.append(...place.childNodes);
      return part;
    });
    this.ladder.classList.remove('long');
  }

  showParts(top, bottom) {
    for (const part of this.parts) {
      const near = part.bottom >= top && part.top <= bottom;
      if (near === !part.out.firstChild) continue;
      if (near) {
        part.place.append(part.out);
        if (!part.named) this.name(part.place);
        part.named = true;
      } else {
        part.out.append(...part.place.childNodes);
      }
    }
  }

  /* What can be seen, and a screen above and below. */
  revealParts() {
    if (!this.parts.length) return;
    const view = this.svg.viewBox.baseVal, scale = this.scale(), screen = this.ladder.clientHeight / scale;
    const top = this.ladder.scrollTop / scale + view.y;
    this.showParts(top - screen, top + 2 * screen);
  }

  scale() { return this.svg.getBoundingClientRect().width / this.svg.viewBox.baseVal.width || 1; }
  sentence(number) { return this.model.events[number - 1][SENTENCE]; }
  step() { return this.model.steps[this.position]; }
  last() { return this.everything() ? this.model.events.length : this.step() ? this.step()[LAST] : 0; }
  everything() { return this.all; }

  stepOf(number) {
    let low = 0, high = this.model.steps.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.model.steps[middle][LAST] >= number) high = middle;
      else low = middle + 1;
    }
    return low;
  }

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
      this.go(this.next(1));
    }
  }

  /* The next step of which something is drawn: what lies in a fold, or on connections that are not shown, is passed over. */
  next(by) {
    let p = this.position + by;
    while (p > 0 && p < this.model.steps.length - 1 && !this.isDrawn(p)) p += by;
    return p;
  }

  isDrawn(position) {
    const step = this.model.steps[position];
    for (let n = step[FIRST]; n <= step[LAST]; n++) {
      if (this.element[n]) return true;
    }
    return false;
  }

  question() {
    const step = this.step();
    for (let n = step ? step[FIRST] : 1; step && n <= step[LAST]; n++) {
      if (this.asks.has(n) && this.asks.get(n)[2] !== null) return this.asks.get(n);
    }
    return null;
  }

  /* Where it comes next; -1: nowhere. */
  seek(by, what) {
    for (let p = this.position + by; p >= 0 && p < this.model.steps.length; p += by) {
      if (this.model.steps[p][what]) return p;
    }
    return -1;
  }

  find(by, what) {
    const found = this.seek(by, what);
    this.go(found >= 0 ? found : by > 0 ? this.model.steps.length - 1 : 0);
  }

  /* Somebody points at a step: what stands beside it goes along. */
  jump(position) {
    this.go(position);
    follow(this);
  }

  act(what) {
    const acts = {
      first: () => this.go(0), back: () => this.go(this.next(-1)), forward: () => this.forward(),
      last: () => this.go(this.model.steps.length - 1), state: () => this.find(1, MOVES), surprise: () => this.find(1, SURPRISE),
      stateBack: () => this.find(-1, MOVES), surpriseBack: () => this.find(-1, SURPRISE),
      all: () => { this.all = !this.all; this.render(); this.revealParts(); },
      wide: () => { document.body.classList.toggle('wide'); this.render(); this.scroll(); },
    };
    acts[what]();
  }

  /* ---- showing ---- */

  render() {
    const step = this.step();
    this.unlight();
    this.renderLadder();
    this.panel.querySelector('[data-go="all"]').setAttribute('aria-pressed', String(this.all));
    this.panel.querySelector('[data-go="wide"]').setAttribute('aria-pressed', String(document.body.classList.contains('wide')));
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
    const view = this.svg.viewBox.baseVal, bottom = view.y + view.height, step = this.step();
    const y = this.everything() || !step || this.position === this.model.steps.length - 1 ? bottom : step[BOTTOM];
    this.veil.setAttribute('y', y);
    this.veil.setAttribute('height', Math.max(0, bottom - y));
    this.front.setAttribute('d', y < bottom ? `M0 ${y}H${view.width}` : '');
    const last = this.last(), isSeen = element => this.elements.get(element)[0] <= last;
    this.shown = uncover(this.order, this.shown, isSeen, element => element);
    this.shownRows = uncover(this.rows, this.shownRows, row => row[1] < y, row => row[0]);
    for (const element of this.current) element.classList.remove('current');
    this.current = [];
    for (let n = step ? step[FIRST] : 1; step && !this.everything() && n <= step[LAST]; n++) {
      if (this.element[n]) this.current.push(this.element[n]);
    }
    for (const element of this.current) element.classList.add('current');
    for (const n of this.asks.keys()) {
      if (this.element[n]) this.element[n].classList.toggle('unanswered', !this.isAnswered(n));
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
    this.passedOver(list);
    for (let n = step[FIRST]; n <= step[LAST]; n++) {
      const note = this.asks.get(n);
      if (note) this.renderCard(card, note);
      else list.append(make('li', this.sentence(n)));
    }
  }

  passedOver(list) {
    let p = this.position;
    while (p > 0 && !this.isDrawn(p - 1)) p--;
    const events = this.step()[FIRST] - this.model.steps[p][FIRST];
    if (events > 0) list.append(make('li', `\u2026 ${events} event${events > 1 ? 's' : ''} that the ladder does not show`, 'passed'));
  }

  renderCard(card, note) {
    card.hidden = false;
    card.classList.toggle('question', note[2] !== null);
    const words = make('div', note[1]);
    words.dir = 'auto';
    card.append(words);
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
    this.lit.push(element);
    for (let n = number; n > 0; n = this.model.events[n - 1][CAUSE]) {
      const mark = this.element[n];
      if (mark) {
        mark.classList.add('lit');
        this.lit.push(mark);
      }
      list.append(this.cause(n, this.model.events[n - 1]));
    }
    this.panel.querySelector('.why').hidden = false;
  }

  cause(n, event) {
    const item = document.createElement('li'), button = make('button', event[SENTENCE]), at = this.stepOf(n);
    button.type = 'button';
    button.prepend(make('span', `${this.model.steps[at][CLOCK]}  `, 'where'));
    button.addEventListener('click', () => this.jump(at));
    item.append(button);
    if (event[RULE] >= 0) item.append(make('span', `${this.model.rules[event[RULE]][0]} [${this.model.rules[event[RULE]][1]}]`, 'rule'));
    return item;
  }

  unlight() {
    for (const element of this.lit) element.classList.remove('lit', 'asked');
    this.lit = [];
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
    this.ladder.addEventListener('click', event => { if (of(event)) this.jump(this.stepOf(this.elements.get(of(event))[0])); });
    this.ladder.addEventListener('keydown', event => this.walk(event));
    this.ladder.addEventListener('scroll', () => this.revealParts(), { passive: true });
  }

  owner(target) {
    for (let node = target; node && node !== this.ladder; node = node.parentNode) {
      if (this.elements.has(node)) return node;
    }
    return null;
  }

  walk(event) {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key], here = this.owner(document.activeElement);
    if ((event.key === 'Enter' || event.key === ' ') && here) this.jump(this.stepOf(this.elements.get(here)[0]));
    if (!by || event.altKey || event.ctrlKey || event.metaKey) return;
    const at = here ? this.order.indexOf(here) : by > 0 ? -1 : this.shown;
    const next = this.order[at + by];
    if (next && at + by < this.shown) this.focus(next);
    event.preventDefault();
  }

  focus(element) {
    if (!element.isConnected) this.scroll(this.model.steps[this.stepOf(this.elements.get(element)[0])][BOTTOM]);
    element.focus();
  }

  scroll(y) {
    const wanted = ((y || (this.step() ? this.step()[BOTTOM] : 0)) - this.svg.viewBox.baseVal.y) * this.scale() - this.ladder.clientHeight * 0.72;
    this.ladder.scrollTop = Math.max(0, wanted);
    this.revealParts();
  }
}

/* ---- paper ---- */

/* On A4 the ladder is cut into sheets between its lines, with the names of the hosts above each. */
const PAPER = { tall: { width: 186, first: 244, height: 264 }, wide: { width: 273, first: 158, height: 176 } }; /* millimetres */
const WIDE = 1250; /* a picture of more pixels lies across the paper, or its words were too small */

class Sheets {
  constructor(run, paper) {
    this.run = run;
    this.svg = run.svg;
    this.view = run.svg.viewBox.baseVal;
    this.paper = paper;
    this.measure();
  }

  /* What is drawn, and from where to where. */
  measure() {
    const box = this.svg.getBoundingClientRect(), scale = this.run.scale(), place = y => (y - box.top) / scale + this.view.y;
    const leaves = within => [...within.children].flatMap(e => e.matches('g.part,g[aria-hidden]') ? leaves(e) : [e]);
    this.things = leaves(this.svg).filter(e => !e.matches('defs,title,desc,.veil,.front')).map(e => {
      const own = e.getBoundingClientRect();
      return [e, place(own.top), place(own.bottom)];
    });
  }

  /* The last line that begins within the sheet. */
  end(from, height) {
    const bottom = this.view.y + this.view.height;
    if (bottom - from <= height) return bottom;
    const tops = this.run.model.lines.filter(y => y > from + height / 3 && y <= from + height);
    return tops.length ? tops[tops.length - 1] : from + height;
  }

  make() {
    const list = document.createElement('div'), names = this.run.names.firstElementChild, per = this.view.width / this.paper.width;
    list.className = 'sheets';
    for (let from = this.view.y, first = true; from < this.view.y + this.view.height; first = false) {
      const to = this.end(from, (first ? this.paper.first : this.paper.height) * per - names.viewBox.baseVal.height);
      list.append(this.sheet(from, to, names));
      from = to;
    }
    return list;
  }

  /* What reaches into this sheet from another comes without its words; a name that stands upright moves to the side that has more of it. */
  copy([element, top, end], from, to) {
    const copy = element.cloneNode(true), middle = (top + end) / 2, place = /translate\((\d+),(\d+)\)/.exec(element.getAttribute('transform'));
    if (element.localName === 'g' && (+place[2] < from || +place[2] >= to)) {
      for (const words of copy.querySelectorAll('text')) words.remove();
    } else if (element.localName === 'text' && (top < from || end > to)) {
      if (middle < from || middle >= to) return null;
      copy.setAttribute('transform', `translate(${place[1]},${+place[2] + (top < from ? from - top + 5 : to - end - 5)}) rotate(-90)`);
    }
    return copy;
  }

  sheet(from, to, names) {
    const sheet = document.createElement('div'), svg = this.svg.cloneNode(false), height = to - from + 4;
    sheet.className = 'sheet';
    svg.setAttribute('viewBox', `0 ${from} ${this.view.width} ${height}`);
    svg.setAttribute('height', height);
    svg.append(...this.things.filter(([, top, end]) => top < to && end > from).map(thing => this.copy(thing, from, to)).filter(Boolean));
    sheet.append(names.cloneNode(true), svg);
    return sheet;
  }
}

function toPaper() {
  fromPaper();
  const shown = panels.map((panel, i) => i).filter(i => !panels[i].hidden).map(run);
  const paper = shown.some(one => one.svg.viewBox.baseVal.width > WIDE) ? 'wide' : 'tall';
  for (const one of shown) {
    one.before = one.all;
    one.all = true;
    one.render();
    one.showParts(-Infinity, Infinity);
    one.ladder.append(new Sheets(one, PAPER[paper]).make());
  }
  document.body.classList.add('paper', paper + '-paper');
}

function fromPaper() {
  document.body.classList.remove('paper', 'tall-paper', 'wide-paper');
  for (const sheets of document.querySelectorAll('.sheets')) sheets.remove();
  for (const one of made) {
    if (one && 'before' in one) {
      one.all = one.before;
      delete one.before;
      one.render();
      one.revealParts();
    }
  }
}

addEventListener('beforeprint', toPaper);
addEventListener('afterprint', fromPaper);

/* ---- the page ---- */

const panels = [...document.querySelectorAll('.run')], made = [], different = [];
const tabs = [...document.querySelectorAll('[role="tab"]')], other = document.getElementById('other');
let current = 0;

/* A variant that nobody has looked at costs nothing. */
function run(index) {
  if (!made[index]) made[index] = new Run(panels[index]);
  return made[index];
}

function show(index) {
  current = index;
  tabs.forEach((tab, i) => {
    tab.setAttribute('aria-selected', String(i === index));
    tab.tabIndex = i === index ? 0 : -1;
  });
  if (tabs.length) tabs[index].scrollIntoView({ block: 'nearest', inline: 'nearest' });
  compare();
}

/* Two runs beside each other, and the first event in which they differ. */
function compare() {
  const beside = other && other.value !== '' && +other.value !== current ? +other.value : -1;
  document.body.classList.toggle('beside', beside >= 0);
  panels.forEach((panel, i) => { panel.hidden = i !== current && i !== beside; });
  for (const marked of different.splice(0)) marked.classList.remove('different');
  const output = document.getElementById('difference');
  if (output) output.textContent = '';
  const one = run(current), two = beside < 0 ? null : run(beside);
  putTogether(two ? [one, two] : []);
  one.render();
  one.revealParts();
  if (!two) return;
  const at = difference(one.model.events, two.model.events), told = [mark(one, at), mark(two, at)];
  output.textContent = at < 0 ? 'no difference' : `first difference: ${told.join('; beside it: ')}`;
}

/* A call in another line of the file is still the same call. */
function difference(a, b) {
  const words = event => event[SENTENCE].replace(/ \(line \d+\)/g, '');
  for (let i = 0; i < a.length || i < b.length; i++) {
    if (!a[i] || !b[i] || a[i][TIME] !== b[i][TIME] || words(a[i]) !== words(b[i])) return i;
  }
  return -1;
}

function mark(one, from) {
  const event = from >= 0 && one.model.events[from];
  if (!event) return 'nothing more happens';
  const step = one.model.steps[one.stepOf(from + 1)];
  one.scroll(step[BOTTOM]);
  const seen = one.order.find(element => one.elements.get(element).some(n => n > from));
  if (seen) {
    seen.classList.add('different');
    different.push(seen);
  }
  return `${step[CLOCK]} ${event[SENTENCE]}`;
}

function nextTab(i) {
  show((i + tabs.length) % tabs.length);
  tabs[current].focus();
}

tabs.forEach((tab, i) => {
  tab.addEventListener('click', () => show(i));
  tab.addEventListener('keydown', event => {
    const to = { ArrowRight: i + 1, ArrowLeft: i - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined) return;
    nextTab(to);
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
  const keys = { ArrowRight: 'forward', ArrowLeft: 'back', Home: 'first', End: 'last', s: 'state', S: 'stateBack', x: 'surprise', X: 'surpriseBack',
    a: 'all', w: 'wide' };
  if (event.altKey || event.ctrlKey || event.metaKey || event.target.closest('select')) return;
  if (event.key === 't') document.getElementById('theme').click();
  if (event.key === '?') document.getElementById('help').click();
  if (tabs.length && (event.key === 'v' || event.key === 'V')) nextTab(current + (event.key === 'v' ? 1 : -1));
  if (!keys[event.key]) return;
  if (pair.length) actTogether(keys[event.key]);
  else run(current).act(keys[event.key]);
  event.preventDefault();
});
addEventListener('resize', () => { for (const one of pair.length ? pair : made.slice(current, current + 1)) one.revealParts(); });
show(0);
