/* SPDX-License-Identifier: MIT */
'use strict';

/* Two variants beside each other are stepped by one clock: what comes first is shown first, in whichever of them it happens. */
let pair = []; /* the one that is current, and the one beside it; none: nothing stands beside it */

function timeAt(one, position) {
  const step = one.model.steps[position];
  return step ? one.model.events[step[FIRST] - 1][TIME] : 0;
}

/* The last step that has begun by then. */
function positionBy(one, time) {
  let position = 0;
  while (position < one.model.steps.length - 1 && timeAt(one, position + 1) <= time) position++;
  return position;
}

/* The others go to where that one stands. */
function follow(one) {
  if (!pair.includes(one)) return;
  for (const two of pair) {
    if (two !== one) two.go(positionBy(two, timeAt(one, one.position)));
  }
  tellWhere();
}

function forwardTogether() {
  const asked = pair.filter(one => one.question() && !one.answered.has(one.question()[0]));
  const ahead = pair.filter(one => one.position < one.model.steps.length - 1), first = Math.min(...ahead.map(one => timeAt(one, one.next(1))));
  if (asked.length) return asked.forEach(one => one.forward());
  for (const one of ahead.filter(one => timeAt(one, one.next(1)) === first)) one.go(one.next(1));
}

function backTogether() {
  const behind = pair.filter(one => one.position > 0), last = Math.max(...behind.map(one => timeAt(one, one.position)));
  for (const one of behind.filter(one => timeAt(one, one.position) === last)) one.go(one.next(-1));
}

/* To the next thing of that kind, or the last one, in either; the other stands where it stood then. */
function findTogether(by, what) {
  const found = pair.map(one => one.seek(by, what)), times = found.map((position, i) => position < 0 ? NaN : timeAt(pair[i], position));
  const known = times.filter(time => !Number.isNaN(time));
  if (!known.length) return pair.forEach(one => one.go(by > 0 ? one.model.steps.length - 1 : 0));
  const time = by > 0 ? Math.min(...known) : Math.max(...known);
  pair.forEach((one, i) => one.go(times[i] === time ? found[i] : positionBy(one, time)));
}

function showTogether(all) {
  for (const one of pair) {
    one.all = all;
    one.render();
    one.revealParts();
  }
}

function actTogether(what) {
  const acts = {
    first: () => pair.forEach(one => one.go(0)), last: () => pair.forEach(one => one.go(one.model.steps.length - 1)),
    back: backTogether, forward: forwardTogether, state: () => findTogether(1, MOVES), stateBack: () => findTogether(-1, MOVES),
    surprise: () => findTogether(1, SURPRISE), surpriseBack: () => findTogether(-1, SURPRISE), all: () => showTogether(!pair[0].all),
  };
  if (!acts[what]) return;
  if (what !== 'all' && pair[0].all) showTogether(false);
  acts[what]();
  tellWhere();
}

function tellWhere() {
  const bar = document.getElementById('together'), late = pair.reduce((a, b) => timeAt(b, b.position) > timeAt(a, a.position) ? b : a);
  const button = go => bar.querySelector(`[data-go="${go}"]`), all = pair[0].all;
  button('all').setAttribute('aria-pressed', String(all));
  button('back').disabled = button('first').disabled = !all && pair.every(one => one.position === 0);
  button('last').disabled = !all && pair.every(one => one.position === one.model.steps.length - 1);
  bar.querySelector('.where').textContent = all ? 'all of both' : `${late.step() ? late.step()[CLOCK] : ''}, ${
    pair.map(one => `step ${one.position + 1} of ${one.model.steps.length}`).join(' beside ')}`;
}

/* One bar for both: that of a run, without what only a run can do. */
function togetherBar() {
  const bar = panels[0].querySelector('.controls').cloneNode(true);
  bar.id = 'together';
  bar.querySelector('[data-go="wide"]').remove();
  for (const button of bar.querySelectorAll('[data-go]')) button.addEventListener('click', () => actTogether(button.dataset.go));
  document.querySelector('main').before(bar);
}

/* These two, or none, stand beside each other from now on; at first all of both is shown. */
function putTogether(runs) {
  const before = pair;
  pair = [];
  for (const one of before.filter(one => !runs.includes(one))) one.all = false;
  if (!runs.length) return before.forEach(one => { one.all = false; });
  if (!document.getElementById('together')) togetherBar();
  runs[1].go(positionBy(runs[1], timeAt(runs[0], runs[0].position)));
  pair = runs;
  showTogether(true);
  tellWhere();
}
