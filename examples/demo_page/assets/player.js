"use strict";
// Plays loops without a gap: each is one AudioBuffer that repeats. <audio loop> would leave a silence at the seam.

(() => {
  const { left, width, takes } = JSON.parse(document.getElementById("takes").textContent);
  const KEPT = 4; // decoded sounds in memory; a minute takes 15 MB
  const FADE = 0.06; // seconds in which a sound comes and goes, so that nothing clicks
  const CROSS = 0.35; // seconds in which one intensity becomes another

  const bar = document.getElementById("bar");
  const title = document.getElementById("now-title");
  const place = document.getElementById("now-place");
  const volume = document.getElementById("volume");
  const waiting = new Map(); // name -> the function that takes the sound
  const sounds = new Map(); // name -> promise of an unpacked sound, the latest used last
  let context = null;
  let master = null;
  let playing = null; // { name, source, gain, began }: began is when its frame 0 sounded, or would have
  let following = false; // whether `follow` is called with each picture that the browser draws
  let wanted = 0; // number of the latest wish; what was loaded for an earlier one is not played any more

  window.demoSound = (fields) => waiting.get(fields.name)?.(fields);

  function load(name) {
    const found = sounds.get(name) ?? fetchSound(name);
    sounds.delete(name);
    sounds.set(name, found);
    found.catch(() => sounds.delete(name));
    for (const old of [...sounds.keys()].slice(0, -KEPT)) sounds.delete(old);
    return found;
  }

  /** A page from a disk may not fetch, but it may load a script. */
  function fetchSound(name) {
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      waiting.set(name, (fields) => unpackSound(fields).then(resolve, reject));
      script.onerror = () => reject(new Error(`${takes[name].sound} is not there; make the page again`));
      script.onload = () => script.remove();
      script.src = takes[name].sound;
      document.head.append(script);
    }).finally(() => waiting.delete(name));
  }

  function wake(rate) {
    if (!context) {
      context = new AudioContext({ sampleRate: rate, latencyHint: "playback" });
      master = context.createGain();
      master.gain.value = volume.value ** 2;
      master.connect(context.destination);
    }
    // not waited for: where there is no sound output, that may take for ever
    context.resume().catch(() => {});
    clearTimeout(wake.timer);
    wake.timer = setTimeout(() => {
      if (playing && context.state !== "running") tell("No sound comes out: the browser has no output, or blocks it.");
    }, 2500);
  }

  function bufferOf(sound) {
    const frames = sound.channels[0].length;
    const buffer = context.createBuffer(2, frames, sound.rate);
    sound.channels.forEach((samples, channel) => {
      const floats = buffer.getChannelData(channel);
      for (let frame = 0; frame < frames; frame += 1) floats[frame] = samples[frame] / 32768;
    });
    return buffer;
  }

  /** Starts a sound at a time of the context, so many seconds after its beginning. */
  function start(name, buffer, when, offset, fade) {
    const source = context.createBufferSource();
    const gain = context.createGain();
    source.buffer = buffer;
    source.loop = takes[name].loops;
    gain.gain.setValueAtTime(0, when);
    gain.gain.linearRampToValueAtTime(1, when + fade);
    source.connect(gain).connect(master);
    source.start(when, offset % buffer.duration);
    const it = { name, source, gain, buffer, began: when - offset };
    source.onended = () => playing === it && stop();
    return it;
  }

  function end(it, when, fade) {
    it.source.onended = null;
    it.gain.gain.cancelScheduledValues(when);
    it.gain.gain.setValueAtTime(1, when);
    it.gain.gain.linearRampToValueAtTime(0, when + fade);
    it.source.stop(when + fade);
  }

  function stop() {
    wanted += 1;
    if (playing) end(playing, context.currentTime, FADE);
    playing = null;
    show();
  }

  /** Plays a take from a share of its length on; from the loop that sounds, without a break, if it is the same one. */
  async function play(name, share = 0) {
    const wish = (wanted += 1);
    const take = takes[name];
    tell(`${take.label} is being unpacked…`);
    try {
      wake(take.rate);
      const sound = await load(name);
      if (wish !== wanted) return;
      const buffer = bufferOf(sound);
      const before = playing;
      let when = context.currentTime + 0.03;
      if (before && before.name !== name && takes[before.name].group === take.group && share === null) {
        const beat = take.seconds / take.beats;
        const since = when - before.began;
        when = before.began + Math.ceil(since / beat) * beat; // layers change on the beat
        playing = start(name, buffer, when, when - before.began, CROSS);
        playing.began = before.began;
        end(before, when, CROSS);
      } else {
        playing = start(name, buffer, when, (share ?? 0) * buffer.duration, share ? FADE : 0.004);
        if (before) end(before, context.currentTime, FADE);
      }
      tell(take.label);
      show();
      if (!following) follow();
    } catch (error) {
      if (wish === wanted) {
        stop();
        tell(String(error.message ?? error));
      }
    }
  }

  function tell(words) {
    title.textContent = words;
  }

  function shareOf(it) {
    const heard = context.currentTime - (context.outputLatency || context.baseLatency || 0);
    const since = Math.max(0, heard - it.began);
    return takes[it.name].loops ? (since / it.buffer.duration) % 1 : Math.min(1, since / it.buffer.duration);
  }

  /** Moves the line in the picture, and says where we are. */
  function follow() {
    following = Boolean(playing);
    if (!playing) return;
    const take = takes[playing.name];
    // an ending rings on after its last bar
    const share = Math.min(1, (shareOf(playing) * playing.buffer.duration) / take.seconds);
    const line = document.querySelector(`[data-take="${playing.name}"] .playhead`);
    line?.setAttribute("transform", `translate(${(share * (width - left)).toFixed(1)})`);
    const now = Math.min(take.bars, 1 + Math.floor(share * take.bars));
    const section = take.form.length ? take.form[Math.min(take.form.length - 1, Math.floor(share * take.form.length))] : "";
    const chord = take.chords.findLast(([begin]) => begin <= share)?.[1] ?? "";
    const words = [`bar ${now} of ${take.bars}`, section, chord].filter(Boolean).join(" · ");
    if (place.textContent !== words) place.textContent = words;
    requestAnimationFrame(follow);
  }

  /** Brings buttons and pictures in line with what plays. */
  function show() {
    document.body.classList.toggle("sounding", Boolean(playing));
    for (const line of document.querySelectorAll(".playhead")) line.removeAttribute("transform");
    for (const button of document.querySelectorAll("button.play")) {
      const on = Boolean(playing) && takes[playing.name].group === button.dataset.group;
      button.classList.toggle("on", on);
      button.querySelector(".word").textContent = on ? "Stop" : "Play";
      button.closest("article").classList.toggle("on", on);
    }
    for (const picture of document.querySelectorAll(".take")) {
      picture.classList.toggle("on", playing?.name === picture.dataset.take);
    }
    bar.querySelector(".stop").disabled = !playing;
    if (!playing) {
      place.textContent = "";
      tell("Nothing plays.");
    }
  }

  function chosen(group) {
    return document.querySelector(`input[name="${group}"]:checked`)?.value ?? Object.keys(takes).find((name) => takes[name].group === group);
  }

  async function download(name) {
    const sound = await load(name);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(wavParts(sound), { type: "audio/wav" }));
    link.download = `${name}.wav`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.matches(".play")) {
      if (button.matches(".on")) stop();
      else play(chosen(button.dataset.group));
    } else if (button?.matches(".stop")) stop();
    else if (button?.matches(".wav")) download(button.dataset.name).catch((error) => tell(String(error.message ?? error)));
    const picture = event.target.closest("svg.roll");
    const name = picture?.closest("[data-take]").dataset.take;
    if (name && takes[name].sound) {
      const box = picture.getBoundingClientRect();
      const across = ((event.clientX - box.left) / box.width) * width;
      play(name, Math.min(0.999, Math.max(0, (across - left) / (width - left))));
    }
  });

  document.addEventListener("change", (event) => {
    const { name, value } = event.target;
    if (!event.target.matches(".levels input")) return;
    for (const picture of document.querySelectorAll(`[data-group="${name}"].take`)) {
      picture.classList.toggle("off", picture.dataset.take !== value);
    }
    if (playing && takes[playing.name].group === name) play(value, null);
  });

  document.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step || !playing || !event.target.matches("button.play.on")) return;
    event.preventDefault();
    const { bars, seconds } = takes[playing.name];
    const bar = Math.round((shareOf(playing) * playing.buffer.duration * bars) / seconds) + step;
    play(playing.name, ((((bar % bars) + bars) % bars) / bars) * (seconds / playing.buffer.duration));
  });

  volume.addEventListener("input", () => {
    if (master) master.gain.setTargetAtTime(volume.value ** 2, context.currentTime, 0.02);
  });
  show();
})();
