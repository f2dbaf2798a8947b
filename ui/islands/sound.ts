/** Speaking and chiming. A browser lets a page make a sound only after somebody touched it; a device may be set up otherwise. */

import { voiceFor } from "./helpers";

const CHIME_HERTZ = [880, 660] as const;
const CHIME_SECONDS = 0.45;
/** A voice that never says it has ended would hold up everybody behind it. */
const SPEAK_MS_BASE = 3000;
const SPEAK_MS_PER_CHARACTER = 450;
/** How long a device may take to open its sound; one without loudspeakers may never answer. */
const OPEN_MS = 1500;
const ASK_MS = 200;

export class Sound {
  private context: AudioContext | null = null;

  constructor(private readonly lang: string) {}

  /** Whether sound is allowed now, without anybody having touched the page. */
  async isAllowed(): Promise<boolean> {
    this.context ??= new AudioContext();
    await this.open(ASK_MS);
    return this.context.state === "running";
  }

  /** Turns sound on; called from a tap. */
  async on(): Promise<void> {
    this.context ??= new AudioContext();
    await this.open(OPEN_MS);
  }

  private async open(atMost: number): Promise<void> {
    if (!this.context || this.context.state === "running") return;
    await Promise.race([this.context.resume(), new Promise((done) => window.setTimeout(done, atMost))]).catch(() => {});
  }

  /** A voice for the language, if the device has one. */
  voice(): SpeechSynthesisVoice | null {
    return voiceFor(this.lang);
  }

  /** Two falling tones. */
  async chime(): Promise<void> {
    const context = this.context;
    if (!context || context.state !== "running") return;
    CHIME_HERTZ.forEach((hertz, at) => {
      const begin = context.currentTime + at * CHIME_SECONDS;
      const tone = context.createOscillator();
      const volume = context.createGain();
      tone.frequency.value = hertz;
      volume.gain.setValueAtTime(0.4, begin);
      volume.gain.exponentialRampToValueAtTime(0.001, begin + CHIME_SECONDS);
      tone.connect(volume).connect(context.destination);
      tone.start(begin);
      tone.stop(begin + CHIME_SECONDS);
    });
    await new Promise((done) => window.setTimeout(done, CHIME_HERTZ.length * CHIME_SECONDS * 1000));
  }

  /** Says a text and waits until it is said; without a voice nothing is said. */
  async say(text: string): Promise<void> {
    const voice = this.voice();
    if (!voice) return;
    await new Promise<void>((done) => {
      const words = new SpeechSynthesisUtterance(text);
      words.lang = this.lang;
      words.voice = voice;
      words.rate = 0.9;
      const late = window.setTimeout(done, SPEAK_MS_BASE + SPEAK_MS_PER_CHARACTER * text.length);
      words.onend = words.onerror = () => {
        window.clearTimeout(late);
        done();
      };
      speechSynthesis.speak(words);
    });
  }
}
