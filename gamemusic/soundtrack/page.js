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
  let context, master, meter, playing = null, wanted = 0, error = "";

  function wake(rate) {
    if (context && context.sampleRate !== rate) { stop(); context.close(); context = null; decoded.clear(); }
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

  async function play(index, at = 0) {
    const wish = ++wanted;
    const which = level(index);
    const sound = pieces[index].sounds[which];
    say(`${pieces[index].name} is loaded…`);
    try {
      wake(sound.rate);
      const buffer = await load(index, which);
      if (wish !== wanted) return;
      const before = playing;
      const same = before && before.index === index;
      const when = context.currentTime + 0.02;
      const offset = same ? place(before, when) : at;
      const source = context.createBufferSource();
      const gain = context.createGain();
      source.buffer = buffer;
      if (sound.loop) [source.loop, source.loopStart, source.loopEnd] = [true, ...sound.loop];
      gain.gain.setValueAtTime(0, when);
      gain.gain.linearRampToValueAtTime(1, when + (same ? FADE : 0.002));
      source.connect(gain).connect(master);
      source.start(when, offset);
      playing = { index, which, source, gain, sound, began: when - offset };
      source.onended = () => playing && playing.source === source && stop();
      if (before) end(before, when);
      say(`${pieces[index].name} plays.`);
      follow();
    } catch (problem) {
      if (wish !== wanted) return;
      stop();
      if (location.protocol === "file:" && sound.data === null) { element(index, sound); return; }
      error = String(problem);
      say(`${pieces[index].name} cannot be played: ${error}`);
      console.error(error);
    }
    show();
  }

  /** A page from a disk may not fetch what is beside it, but it may play it; the browser leaves a gap at the seam. */
  function element(index, sound) {
    const audio = new Audio(sound.file);
    audio.loop = Boolean(sound.loop);
    audio.volume = volume.value ** 2;
    audio.play();
    playing = { index, audio, sound };
    say(`${pieces[index].name} plays from its file, with the browser's gap where it repeats.`);
    follow();
    show();
  }

  function end(it, when) {
    if (it.audio) { it.audio.pause(); return; }
    it.source.onended = null;
    it.gain.gain.cancelScheduledValues(when);
    it.gain.gain.setValueAtTime(1, when);
    it.gain.gain.linearRampToValueAtTime(0, when + FADE);
    it.source.stop(when + FADE);
  }

  function stop() {
    wanted += 1;
    if (playing) end(playing, context ? context.currentTime : 0);
    playing = null;
    say("Nothing plays.");
    show();
  }

  /** Seconds since it began to sound, and how often it has come round. */
  function since(it, when = context?.currentTime) {
    return it.audio ? it.audio.currentTime : Math.max(0, when - it.began);
  }

  function place(it, when) {
    const seconds = since(it, when);
    if (!it.sound.loop || it.audio || seconds < it.sound.loop[1]) return seconds;
    const [first, last] = it.sound.loop;
    return first + ((seconds - first) % (last - first));
  }

  function passes(it) {
    const seconds = since(it);
    if (!it.sound.loop || seconds < it.sound.loop[1]) return 0;
    return Math.floor((seconds - it.sound.loop[0]) / (it.sound.loop[1] - it.sound.loop[0]));
  }

  function say(words) { now.textContent = words; }

  function show() {
    articles.forEach((article, index) => {
      const on = Boolean(playing) && playing.index === index;
      article.classList.toggle("on", on);
      const button = article.querySelector("[data-play]");
      if (button) {
        button.textContent = on ? "Stop" : "Play";
        button.setAttribute("aria-label", `${on ? "Stop" : "Play"} ${pieces[index].name}`);
      }
      if (!on) article.querySelector(".picture i").style.visibility = "hidden";
    });
  }

  function follow() {
    if (!playing) return;
    const piece = pieces[playing.index];
    const line = articles[playing.index].querySelector(".picture i");
    const at = place(playing) - playing.sound.intro;
    const share = playing.sound.loop ? (at % piece.body) / piece.body : at / piece.body;
    line.style.visibility = at < 0 || share > 1 ? "hidden" : "visible";
    line.style.left = `${100 * share}%`;
    requestAnimationFrame(follow);
  }

  // pictures ----------------------------------------------------------------------------------------------------------

  function draw(article) {
    const { sketch, chords, bars } = pieces[article.dataset.index];
    const canvas = article.querySelector("canvas");
    const colours = getComputedStyle(document.documentElement);
    const colour = (name) => colours.getPropertyValue(`--${name}`) || colours.getPropertyValue("--soft");
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    canvas.width = width * devicePixelRatio;
    canvas.height = height * devicePixelRatio;
    const pen = canvas.getContext("2d");
    pen.scale(devicePixelRatio, devicePixelRatio);
    const x = (tick) => (tick / (sketch?.ticks || 1)) * width;
    const [top, low] = [16, height - 34];
    pen.fillStyle = colour("grid");
    for (let bar = 0; bar <= bars; bar += 1) pen.fillRect((bar / bars) * (width - 1), 0, 1, height);
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
        pen.fillRect(x(start), y, Math.max(1.5, x(length) - 0.5), drum ? 2 : Math.max(2, Math.min(5, step)));
      }
    }
    pen.globalAlpha = 1;
    pen.fillStyle = colour("wave");
    const column = width / (sketch.wave.length || 1);
    const middle = height - 15;
    sketch.wave.forEach(([from, to], index) => pen.fillRect(index * column, middle - (to / 100) * 14, Math.max(1, column - 0.5), Math.max(1, ((to - from) / 100) * 14)));
    pen.fillStyle = colour("soft");
    pen.font = "11px system-ui, sans-serif";
    let free = 0;
    const beats = sketch.ticks / 12; // a quarter note has 12 ticks
    for (const [beat, name] of chords) {
      const at = (beat / beats) * width;
      if (at < free) continue;
      pen.fillText(name, at + 2, 11);
      free = at + pen.measureText(name).width + 8;
    }
  }

  const seen = new IntersectionObserver((entries) => entries.forEach((entry) => {
    if (entry.isIntersecting) { draw(entry.target); drawn.add(entry.target); seen.unobserve(entry.target); }
  }), { rootMargin: "400px" });
  const drawn = new Set();
  articles.forEach((article) => seen.observe(article));
  const again = () => drawn.forEach(draw);
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
    } else if (event.target.closest("canvas") && playing && playing.index === index && !playing.audio) {
      const share = event.offsetX / event.target.clientWidth;
      end(playing, context.currentTime);
      playing = null;
      play(index, pieces[index].sounds[level(index)].intro + share * pieces[index].body);
    }
  });
  volume.addEventListener("input", () => {
    if (master) master.gain.value = volume.value ** 2;
    if (playing?.audio) playing.audio.volume = volume.value ** 2;
  });
  document.getElementById("filter").addEventListener("input", (event) => {
    const words = event.target.value.toLowerCase();
    document.querySelectorAll("tbody tr").forEach((row) => {
      const there = row.textContent.toLowerCase().includes(words);
      row.hidden = !there;
      articles[row.dataset.index].hidden = !there;
    });
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
