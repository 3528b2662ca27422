"use strict";
// One AudioBuffer a sound, repeated between the frames that the manifest names: <audio loop> would leave a silence there.
(() => {
  const pieces = JSON.parse(document.getElementById("pieces").textContent);
  const articles = [...document.querySelectorAll("article")].sort((a, b) => a.dataset.index - b.dataset.index);
  const now = document.getElementById("now");
  const volume = document.getElementById("volume");
  const FADE = 0.03; // seconds
  const decoded = new Map(); // key -> promise of an AudioBuffer, the latest used last
  const KEPT = 4;
  let context, master, meter, playing = null, wanted = 0, error = "", frame = 0, marked = null;

  function wake(rate) {
    if (context && context.sampleRate !== rate) { cut(); context.close(); context = null; decoded.clear(); }
    if (!context) {
      context = new AudioContext({ sampleRate: rate });
      master = context.createGain();
      meter = context.createAnalyser();
      meter.fftSize = 2048;
      master.gain.value = volume.value ** 2;
      master.connect(meter).connect(context.destination);
    }
    context.resume();
  }

  function load(index, level) {
    const sound = pieces[index].sounds[level];
    const key = `${index}/${level}`;
    const found = decoded.get(key) ?? bytes(sound).then((content) => context.decodeAudioData(content));
    decoded.delete(key);
    decoded.set(key, found);
    found.catch(() => decoded.delete(key));
    for (const old of [...decoded.keys()].slice(0, -KEPT)) decoded.delete(old);
    return found;
  }

  async function bytes(sound) {
    if (sound.data !== null) return Uint8Array.from(atob(sound.data), (letter) => letter.charCodeAt(0)).buffer;
    const answer = await fetch(sound.file);
    if (!answer.ok) throw new Error(`${sound.file}: ${answer.status}`);
    return answer.arrayBuffer();
  }

  function level(index) {
    const pressed = articles[index].querySelector('[data-level][aria-pressed="true"]');
    return pressed ? Number(pressed.dataset.level) : 0;
  }

  /** Plays a piece from so many seconds of its file on; without them from where it is, or from its beginning. */
  async function play(index, at = null) {
    const wish = ++wanted;
    const which = level(index);
    const sound = pieces[index].sounds[which];
    error = "";
    try {
      if (sound.data === null && location.protocol === "file:") { await element(index, which, at); return; }
      say(`${pieces[index].name} is loaded…`);
      wake(sound.rate);
      const buffer = await load(index, which);
      if (wish !== wanted) return;
      const before = playing;
      const same = before && before.index === index;
      const when = context.currentTime + 0.02;
      const source = context.createBufferSource();
      const gain = context.createGain();
      source.buffer = buffer;
      if (sound.loop) [source.loop, source.loopStart, source.loopEnd] = [true, ...sound.loop];
      gain.gain.setValueAtTime(0, when);
      gain.gain.linearRampToValueAtTime(1, when + (same ? FADE : 0.002));
      source.connect(gain).connect(master);
      const from = at ?? (same ? place(before, when) : 0);
      source.start(when, from);
      // another level goes on counting where the first one began
      const began = same && at === null && !before.audio ? before.began : when - from;
      playing = { index, which, source, gain, sound, began };
      source.onended = () => playing && playing.source === source && stop();
      if (before) end(before, when);
      started("");
    } catch (problem) {
      if (wish !== wanted) return;
      stop();
      error = String(problem);
      say(`${pieces[index].name} cannot be played: ${error}`);
      console.error(error);
    }
  }

  /** A page from a disk may not fetch what is beside it, but it may play it; the browser leaves a gap at the seam. */
  function element(index, which, at) {
    const sound = pieces[index].sounds[which];
    const audio = new Audio(sound.file);
    audio.currentTime = at ?? (playing && playing.index === index ? place(playing) : 0);
    audio.loop = Boolean(sound.loop) && sound.loop[0] === 0;
    audio.volume = volume.value ** 2;
    cut();
    const it = { index, which, audio, sound, rounds: 0, last: 0 };
    playing = it;
    audio.onended = () => {
      if (playing !== it) return;
      if (!sound.loop) { stop(); return; }
      audio.currentTime = sound.loop[0];
      audio.play();
    };
    started(" from its file, with the browser's gap where it repeats");
    return audio.play().catch((problem) => { if (playing === it) throw problem; }); // else another one was wanted
  }

  function started(how) {
    say(`${pieces[playing.index].name} plays${how}.`);
    show();
    follow();
  }

  function end(it, when) {
    if (it.audio) { it.audio.pause(); return; }
    it.source.onended = null;
    it.gain.gain.cancelScheduledValues(when);
    it.gain.gain.setValueAtTime(1, when);
    it.gain.gain.linearRampToValueAtTime(0, when + FADE);
    it.source.stop(when + FADE);
  }

  function cut() {
    if (playing) end(playing, context ? context.currentTime : 0);
    playing = null;
  }

  function stop() {
    wanted += 1;
    cut();
    say("Nothing plays.");
    show();
  }

  /** Seconds since it began to sound. */
  function since(it, when = context?.currentTime) {
    return it.audio ? it.audio.currentTime : Math.max(0, when - it.began);
  }

  /** Where in its file it is. */
  function place(it, when) {
    const seconds = since(it, when);
    if (!it.sound.loop || it.audio || seconds < it.sound.loop[1]) return seconds;
    const [first, last] = it.sound.loop;
    return first + ((seconds - first) % (last - first));
  }

  /** How often it has come round. */
  function passes(it) {
    if (it.audio) return it.rounds;
    const seconds = since(it);
    if (!it.sound.loop || seconds < it.sound.loop[1]) return 0;
    return Math.floor((seconds - it.sound.loop[0]) / (it.sound.loop[1] - it.sound.loop[0]));
  }

  function say(words) { now.textContent = words; }

  /** Brings the two articles in line whose state can have changed: of a thousand, all would take too long. */
  function show() {
    for (const index of new Set([marked, playing ? playing.index : null])) {
      if (index === null) continue;
      const on = Boolean(playing) && playing.index === index;
      const article = articles[index];
      article.classList.toggle("on", on);
      const button = article.querySelector("[data-play]");
      button.textContent = on ? "Stop" : "Play";
      button.setAttribute("aria-label", `${on ? "Stop" : "Play"} ${pieces[index].name}`);
      if (!on) article.querySelector(".picture i").style.visibility = "hidden";
    }
    marked = playing ? playing.index : null;
  }

  /** Seconds of the picture at a place in the file: after the bars a loop's picture begins again. */
  function seen(it) {
    const { intro, body } = pieces[it.index];
    const at = place(it);
    return it.sound.loop && at > intro ? intro + ((at - intro) % body) : at;
  }

  function follow() {
    cancelAnimationFrame(frame);
    if (!playing) return;
    if (playing.audio) {
      if (playing.audio.currentTime < playing.last) playing.rounds += 1;
      playing.last = playing.audio.currentTime;
    }
    const line = articles[playing.index].querySelector(".picture i");
    line.style.visibility = "visible";
    line.style.left = `${Math.min(100, (100 * seen(playing)) / pieces[playing.index].span)}%`;
    frame = requestAnimationFrame(follow);
  }

  // pictures ----------------------------------------------------------------------------------------------------------

  function draw(article) {
    const { sketch, chords, bars, beats, body, intro, span, sounds } = pieces[article.dataset.index];
    const canvas = article.querySelector("canvas");
    const colours = getComputedStyle(document.documentElement);
    const colour = (name) => colours.getPropertyValue(`--${name}`) || colours.getPropertyValue("--soft");
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    canvas.width = width * devicePixelRatio;
    canvas.height = height * devicePixelRatio;
    const pen = canvas.getContext("2d");
    pen.scale(devicePixelRatio, devicePixelRatio);
    const x = (share) => ((intro + share * body) / span) * width; // of the bars; an intro stands before, ringing after
    const [top, low] = [16, height - 34];
    pen.fillStyle = colour("grid");
    for (let bar = 0; bar <= bars; bar += 1) pen.fillRect(x(bar / bars) * (1 - 1 / width), 0, 1, height);
    pen.fillStyle = colour("soft");
    pen.font = "11px system-ui, sans-serif";
    let free = 0;
    for (const [beat, name] of chords) {
      const at = x(beat / beats);
      if (at < free) continue;
      pen.fillText(name, at + 2, 11);
      free = at + pen.measureText(name).width + 8;
    }
    if (!sketch) return;
    const pitched = sketch.tracks.filter((track) => track.role !== "drums").flatMap((track) => track.notes);
    const pitches = pitched.map((note) => note[2]);
    const [least, most] = [Math.min(48, ...pitches) - 1, Math.max(72, ...pitches) + 1];
    const drums = sketch.tracks.some((track) => track.role === "drums") ? 22 : 0;
    const step = (low - drums - top) / (most - least);
    for (const { role, notes } of sketch.tracks) {
      pen.fillStyle = colour(role);
      for (const [start, length, pitch, velocity] of notes) {
        pen.globalAlpha = 0.45 + (0.55 * velocity) / 127;
        const drum = role === "drums";
        const y = drum ? low - 4 - (drums - 4) * Math.min(1, Math.max(0, (pitch - 35) / 24)) : low - drums - (pitch - least) * step;
        pen.fillRect(x(start / sketch.ticks), y, Math.max(1.5, x((start + length) / sketch.ticks) - x(start / sketch.ticks) - 0.5), drum ? 2 : Math.max(2, Math.min(5, step)));
      }
    }
    pen.globalAlpha = 1;
    pen.fillStyle = colour("wave");
    const column = ((sounds.length ? sounds[sounds.length - 1].seconds : span) / span) * (width / (sketch.wave.length || 1));
    const middle = height - 15;
    sketch.wave.forEach(([from, to], index) => pen.fillRect(index * column, middle - (to / 100) * 14, Math.max(1, column - 0.5), Math.max(1, ((to - from) / 100) * 14)));
  }

  const near = new Set();
  const watch = new IntersectionObserver((entries) => entries.forEach(({ target, isIntersecting }) => {
    if (isIntersecting) { near.add(target); draw(target); return; }
    const canvas = target.querySelector("canvas");
    if (near.delete(target)) canvas.width = canvas.height = 0; // a thousand pictures would fill the memory
  }), { rootMargin: "400px" });
  articles.forEach((article) => watch.observe(article));
  const again = () => near.forEach(draw);
  addEventListener("resize", again);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);

  // what people do ----------------------------------------------------------------------------------------------------

  document.addEventListener("click", (event) => {
    const article = event.target.closest("article");
    if (!article) return;
    const index = Number(article.dataset.index);
    if (event.target.closest("[data-play]")) {
      if (playing && playing.index === index) stop(); else play(index);
    } else if (event.target.closest("[data-level]")) {
      article.querySelectorAll("[data-level]").forEach((button) => button.setAttribute("aria-pressed", String(button === event.target)));
      if (playing && playing.index === index) play(index);
    } else if (event.target.closest("[data-copy]")) {
      copy(article.querySelector("code"), event.target);
    } else if (event.target.closest("canvas") && pieces[index].sounds.length) {
      go(index, (event.offsetX / event.target.clientWidth) * pieces[index].span);
    }
  });
  document.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const index = Number(event.target.closest("article")?.dataset.index);
    if (!step || !event.target.matches("[data-play]") || !playing || playing.index !== index) return;
    event.preventDefault();
    const { intro, body, bars } = pieces[index];
    const bar = Math.floor((bars * (seen(playing) - intro)) / body + 0.25) + step; // a little after a line: to the one before
    go(index, Math.max(0, intro + (((bar % bars) + bars) % bars) * (body / bars)));
  });

  function go(index, at) {
    play(index, Math.min(at, pieces[index].sounds[level(index)].seconds - 0.01));
  }

  function copy(code, button) {
    getSelection().selectAllChildren(code); // where the browser keeps the clipboard to itself, it can be copied by hand
    navigator.clipboard?.writeText(code.textContent).then(() => { button.textContent = "Copied"; }, () => {});
  }

  volume.addEventListener("input", () => {
    if (master) master.gain.value = volume.value ** 2;
    if (playing?.audio) playing.audio.volume = volume.value ** 2;
  });
  const rows = [...document.querySelectorAll("tbody tr")].map((row) => [row, row.textContent.toLowerCase()]);
  document.getElementById("filter").addEventListener("input", (event) => {
    const words = event.target.value.toLowerCase();
    let found = 0;
    for (const [row, text] of rows) {
      const there = text.includes(words);
      row.hidden = articles[row.dataset.index].hidden = !there;
      found += there;
    }
    document.getElementById("found").textContent = words && `${found} of ${rows.length}`;
  });

  /** For tests: what is heard now. */
  window.gamemusic = {
    state() {
      if (!playing) return { name: null, error };
      const samples = new Float32Array(2048);
      meter?.getFloatTimeDomainData(samples);
      const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
      return { name: pieces[playing.index].name, level: playing.which, position: place(playing), passes: passes(playing), peak, clock: context?.state, error };
    },
  };
})();
