/* SPDX-License-Identifier: LGPL-2.1-or-later */
import { recall, remember } from './devices.js';
import { fillStrings, setCatalogue } from './strings.js';

/** What the page speaks, each by its own name. English is built in; the others are fetched when they are wanted. */
const LANGUAGES = { en: 'English', nl: 'Nederlands', vi: 'Tiếng Việt', ru: 'Русский' };
const STORAGE_KEY = 'salon-language';

/** What this person chose here, else the first language of the browser that we speak. */
function preferred() {
  const wishes = [recall(STORAGE_KEY), ...navigator.languages].map((tag) => tag.split('-')[0].toLowerCase());
  return wishes.find((tag) => tag in LANGUAGES) ?? 'en';
}

/** The page's language, for dates. */
export function language() {
  return document.documentElement.lang;
}

async function use(tag) {
  try {
    if (tag === 'en') {
      setCatalogue({});
    } else {
      const response = await fetch(`/static/i18n/${tag}.json`);
      if (!response.ok) {
        throw new Error(`HTTP ${response.status}`);
      }
      setCatalogue(await response.json());
    }
    document.documentElement.lang = tag;
  } catch (error) {
    console.warn('Salon: this language cannot be had now', error); // The one there is goes on.
  }
  fillStrings(document);
  document.querySelectorAll('select.language').forEach((menu) => (menu.value = language()));
  document.dispatchEvent(new Event('language'));
}

/** Makes the page speak this person's language. The document's event `language` tells of every change. */
export async function startLanguage() {
  for (const menu of document.querySelectorAll('select.language')) {
    const options = Object.entries(LANGUAGES).map(([tag, name]) => Object.assign(new Option(name, tag), { lang: tag }));
    menu.replaceChildren(...options);
    menu.addEventListener('change', () => {
      remember(STORAGE_KEY, menu.value);
      use(menu.value);
    });
  }
  await use(preferred());
}
