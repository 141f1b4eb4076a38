/* SPDX-License-Identifier: LGPL-2.1-or-later */

/** Every word the page shows, in one place. Words in braces are filled in. */
const STRINGS = {
  tagline: 'A room to talk in. No account, nothing to install.',
  inviteTagline: 'You are invited to',
  name: 'Your name',
  room: 'Room',
  roomHint: 'Leave it as it is for a new room, or type the name of yours.',
  start: 'Open the room',
  join: 'Join the room',
  joining: 'Joining…',
  guest: 'Guest',
  preview: 'How the others will see you',
  previewHint: 'See and hear yourself before the others do',
  previewStart: 'Turn on camera and microphone',
  previewOff: 'Your camera is off',
  cameraPicker: 'Camera',
  microphonePicker: 'Microphone',

  microphone: 'Microphone',
  camera: 'Camera',
  screen: 'Share screen',
  microphoneOn: 'Turn microphone on',
  microphoneOff: 'Turn microphone off',
  cameraOn: 'Turn camera on',
  cameraOff: 'Turn camera off',
  screenOn: 'Share your screen',
  screenOff: 'Stop sharing your screen',
  chat: 'Chat',
  chatUnread: 'Chat, {count} unread',
  copyLink: 'Copy the link of this room',
  leave: 'Leave',
  controls: 'Call controls',
  fullScreen: 'Full screen',

  you: '{name} (you)',
  screenOf: '{name}’s screen',
  yourScreen: 'Your screen',
  host: 'Host',
  muted: 'Microphone is off',
  people: 'People in this room: {count}',
  joined: '{name} joined',
  left: '{name} left',
  youAreHost: 'You are the host now',
  linkCopied: 'Link copied. Send it to whoever should come.',
  linkIs: 'The link is {link}',
  aloneTitle: 'You are the first one here',
  aloneText: 'Send this link to whoever should come.',
  copy: 'Copy link',
  hear: 'Click to hear the others',

  chatTitle: 'Chat',
  chatClose: 'Close chat',
  chatInput: 'Write to everybody',
  chatSend: 'Send',
  chatEmpty: 'Messages are for those who are here now. They are not kept.',
  chatYou: 'You',
  chatFailed: 'Not sent',

  endedLeft: 'You left the room',
  endedShutdown: 'The server is going down for a moment',
  endedDeleted: 'This room was deleted',
  endedMedia: 'Sound and picture did not get through',
  endedLost: 'The connection was lost',
  endedError: 'The call ended',
  rejoin: 'Join again',
  home: 'Another room',
  reconnecting: 'Trying to get back in…',

  deniedMicrophone:
    'The browser may not use your microphone. ' +
    'Allow it by the icon beside the address, then turn it on here. You can listen meanwhile.',
  deniedCamera:
    'The browser may not use your camera. ' +
    'Allow it by the icon beside the address, then turn it on here. You can watch meanwhile.',
  deniedBoth:
    'The browser may use neither camera nor microphone. ' +
    'Allow them by the icon beside the address, then turn them on here. You can watch, listen and write meanwhile.',
  missingMicrophone: 'No microphone was found. You can listen, and write in the chat.',
  missingCamera: 'No camera was found. The others hear you all the same.',
  busyMicrophone: 'The microphone is in use by another program.',
  busyCamera: 'The camera is in use by another program.',
  insecure: 'Browsers give camera and microphone to https:// pages only. You can watch, listen and write.',
  screenFailed: 'The screen cannot be shared: {message}',
  deviceFailed: 'The device cannot be used: {message}',

  error_room_full: 'This room is full.',
  error_room_not_found: 'There is no such room, and this server lets nobody create one.',
  error_create_forbidden: 'There is no such room, and this server lets nobody create one.',
  error_invalid_params: 'This room name will not do: up to 64 characters, without “/”.',
  error_store_unavailable: 'The server cannot reach its memory. Try again in a moment.',
  error_shutting_down: 'The server is going down. Try again in a moment.',
  error_too_many_requests: 'That was too fast. Try again in a moment.',
  error_unreachable: 'The server cannot be reached. Is your network up?',
  error_timeout: 'The server did not answer in time. Try again.',
  error_media_error: 'Sound and picture could not be set up: {message}',
  error_other: 'Something went wrong: {message}',
};

/** The text for `key`, with `{words}` taken from `values`. */
export function text(key, values = {}) {
  return STRINGS[key].replace(/\{(\w+)\}/g, (_, word) => values[word]);
}

/** What to tell a person about an error of the library. */
export function errorText(error) {
  const key = `error_${error.reason}`;
  return text(key in STRINGS ? key : 'error_other', { message: error.message });
}

/** Fills the elements that name their text: `data-text` for content, `data-label` for the name of a control. */
export function fillStrings(root) {
  for (const element of root.querySelectorAll('[data-text]')) {
    element.textContent = text(element.dataset.text);
  }
  for (const element of root.querySelectorAll('[data-label]')) {
    setLabel(element, text(element.dataset.label));
  }
  for (const element of root.querySelectorAll('[data-placeholder]')) {
    element.placeholder = text(element.dataset.placeholder);
  }
}

/** Names a control for eyes (tooltip) and ears. */
export function setLabel(element, label) {
  element.setAttribute('aria-label', label);
  if (element.matches('button, a')) {
    element.title = label;
  }
}
