/* SPDX-License-Identifier: LGPL-2.1-or-later */

/** Marks a text for translation: `po/` collects these. */
const _ = (english) => english;

/** Every word the page shows, in one place. Words in braces are filled in. */
export const STRINGS = {
  tagline: _('A room to talk in. No account, nothing to install.'),
  inviteTagline: _('You are invited to'),
  name: _('Your name'),
  room: _('Room'),
  roomHint: _('The name of a room, yours or a new one. Any name will do.'),
  join: _('Join the room'),
  joining: _('Joining…'),
  options: _('More options'),
  // Translators: the label of a choice; the three lines after it are what there is to choose from.
  lifetime: _('The room stays'),
  lifetimeEphemeral: _('until the last one leaves'),
  lifetimePermanent: _('for good'),
  lifetimeTimed: _('for a while'),
  maxAge: _('For how many minutes'),
  // Translators: the label of a choice; the three lines after it are what there is to choose from.
  blockFactor: _('After that, it can be opened again'),
  blockNot: _('at once'),
  blockOnce: _('after as long again'),
  blockTen: _('after ten times as long'),
  maxMembers: _('How many people at most'),
  maxMembersDefault: _('As many as this server takes'),
  // Translators: a setting of a room. “You” is its host.
  waitingRoom: _('Whoever is new waits until you let them in'),
  create: _('Open the new room'),
  random: _('Open a random room'),
  randomOpening: _('Opening a room…'),
  guest: _('Guest'),
  waitingTitle: _('Waiting for the host'),
  waitingText: _('They know that you are here. You come in as soon as they let you in.'),
  cancel: _('Cancel'),
  language: _('Language'),
  preview: _('How the others will see you'),
  previewHint: _('See and hear yourself before the others do'),
  previewStart: _('Turn on camera and microphone'),
  previewOff: _('Your camera is off'),

  microphone: _('Microphone'),
  camera: _('Camera'),
  speaker: _('Speaker'),
  screen: _('Share screen'),
  microphoneOn: _('Turn microphone on'),
  microphoneOff: _('Turn microphone off'),
  cameraOn: _('Turn camera on'),
  cameraOff: _('Turn camera off'),
  screenOn: _('Share your screen'),
  screenOff: _('Stop sharing your screen'),
  chat: _('Chat'),
  chatUnread: _('Chat, unread messages: {count}'),
  copyLink: _('Copy the link of this room'),
  leave: _('Leave'),
  controls: _('Call controls'),
  fullScreen: _('Full screen'),
  fullScreenOff: _('Leave full screen'),

  // Translators: the title of a table of how well pictures and sound of the others come.
  reception: _('Reception'),
  // Translators: {rate} is as “2,400 kb/s”, {rtt} as “35 ms”.
  receptionRoom: _('Room for {rate}; there and back in {rtt}'),
  receptionUnknown: _('Nothing is known yet.'),
  receptionTrack: _('From'),
  receptionRate: _('Rate'),
  // Translators: the part of it that does not arrive.
  receptionLost: _('Lost'),
  // Translators: the title of a column: for how long a picture stood still, or which part of the sound was missing.
  receptionBroken: _('Interrupted'),
  // Translators: of a picture, in pixels.
  receptionSize: _('Size'),
  // Translators: why a picture does not come larger or with more frames. The six answers are below.
  receptionReason: _('Why not more'),
  reception_audio: _('{name}’s sound'),
  reception_video: _('{name}’s picture'),
  reason_none: _('It is all there is'),
  reason_size: _('More would not be seen'),
  reason_publisher: _('More is not sent'),
  reason_bandwidth: _('Your connection is too slow'),
  reason_priority: _('Others are more important'),
  reason_muted: _('It is off'),
  // Translators: the computer of whoever sends the picture.
  reason_cpu: _('Their computer is too slow'),

  // Translators: under one's own picture.
  you: _('{name} (you)'),
  screenOf: _('{name}’s screen'),
  yourScreen: _('Your screen'),
  // Translators: the person in charge of the room.
  host: _('Host'),
  muted: _('Microphone is off'),
  // Translators: beside the name of who is speaking just now.
  speaking: _('Speaking'),
  // Translators: people whose pictures are not shown because there are too many.
  unseen: _('Not shown: {count}'),
  // Translators: to show somebody’s picture even when others speak.
  pin: _('Always show {name}'),
  unpin: _('Show {name} only when they speak'),
  // Translators: what the host can do.
  muteMicrophone: _('Turn {name}’s microphone off'),
  muteCamera: _('Turn {name}’s camera off'),
  keepMicrophoneOff: _('Keep {name}’s microphone off'),
  keepCameraOff: _('Keep {name}’s camera off'),
  mutedByMicrophone: _('{name} has turned your microphone off'),
  mutedByCamera: _('{name} has turned your camera off'),
  mutedByScreen: _('{name} has ended your screen share'),
  // Translators: one cannot turn it on until the host allows it.
  keptOffMicrophone: _('{name} keeps your microphone off'),
  keptOffCamera: _('{name} keeps your camera off'),
  freedMicrophone: _('You can turn your microphone on again'),
  freedCamera: _('You can turn your camera on again'),
  // Translators: on somebody’s picture, which stands still until they are back.
  silent: _('Connection lost, waiting…'),
  // Translators: in place of somebody’s picture, which this browser cannot play as it is sent; the server converts it.
  pictureStarting: _('Converting the picture for your browser…'),
  pictureUnplayable: _('Your browser can’t play this picture'),
  pictureTooMany: _('The server converts too many pictures, waiting…'),
  pictureFailed: _('The picture could not be converted, trying again…'),
  people: _('People in this room: {count}'),
  peopleList: _('People in this room'),
  // Translators: somebody entered the room.
  joined: _('{name} joined'),
  left: _('{name} left'),
  youAreHost: _('You are the host now'),
  linkCopied: _('Link copied. Send it to whoever should come.'),
  linkIs: _('The link is {link}'),
  aloneTitle: _('You are the first one here'),
  aloneText: _('Send this link to whoever should come.'),
  copy: _('Copy link'),
  invite: _('Invite others'),
  inviteText: _('Send the link, or let a phone’s camera read the code.'),
  qrCode: _('QR code of the link of this room'),
  lock: _('Let nobody new in'),
  locked: _('Nobody new is let in'),
  isWaitingRoom: _('Whoever is new waits for the host'),
  // Translators: somebody is at the door of the room, and the host hears of it.
  waitingOne: _('{name} would like to come in'),
  waitingCount: _('Waiting to come in: {count}'),
  admit: _('Let in'),
  admitAll: _('Let everybody in'),
  sendAway: _('Send {name} away'),
  // Translators: a sign for everybody in the room.
  recording: _('Recording'),
  recordingBegan: _('This room is being recorded'),
  recordingEnded: _('This room is not being recorded any more'),
  // Translators: what the host can do.
  record: _('Record this room'),
  recordStop: _('Stop recording'),
  recordings: _('Recordings'),
  recordingsNone: _('Nothing is recorded of this room.'),
  recordingState_recording: _('It is being recorded'),
  recordingState_failed: _('It broke off'),
  // Translators: {size} is as “2.4 MB”.
  recordingFile: _('{name}, {size}'),
  recordingDelete: _('Delete this recording'),
  recordingDeleteConfirm: _('The recording, with all its files, will be gone. Go on?'),
  endCall: _('End the call for everybody'),
  endCallConfirm: _('Everybody will have to leave this room. Go on?'),
  deleteRoom: _('Delete this room'),
  deleteRoomConfirm: _('The room, and all that was said in it, will be gone for everybody. Go on?'),
  // Translators: {time} is like “5 minutes”.
  closesIn: _('This room closes in {time}'),
  kick: _('Ask {name} to leave'),
  kickConfirm: _('{name} will have to leave this room. Go on?'),
  hear: _('Click to hear the others'),

  settings: _('Settings and help'),
  // Translators: heading over the choice of camera, microphone and speaker.
  devices: _('Devices'),
  keyboard: _('Keyboard'),
  shortcutsOn: _('Keys without Ctrl or Alt do this, except while you type:'),
  close: _('Close'),

  chatTitle: _('Chat'),
  chatClose: _('Close chat'),
  chatInput: _('Write to everybody'),
  chatSend: _('Send'),
  chatEmpty: _('Nothing has been said yet.'),
  // Translators: a line in the chat; what stands above it was written before one entered.
  chatEarlier: _('Here you came in'),
  // Translators: the author of one's own messages.
  chatYou: _('You'),
  chatFailed: _('Not sent'),
  chatEdit: _('Edit this message'),
  // Translators: above the message that is being changed.
  chatEditing: _('Your message'),
  chatReply: _('Reply'),
  // Translators: above the message that is being answered.
  chatReplyTo: _('Reply to {name}'),
  chatReplies: _('Replies: {count}'),
  // Translators: a message with all the answers to it.
  thread: _('Thread'),
  threadInput: _('Write to this thread'),
  threadOpen: _('Show the whole thread'),
  threadClose: _('All messages'),
  // Translators: in place of a message that was answered, but was deleted or is too old to be shown.
  chatGone: _('This message is not here any more'),
  // Translators: beside a message that was changed.
  chatEdited: _('edited'),
  chatDelete: _('Delete this message'),
  // Translators: in place of a message that was deleted.
  chatDeleted: _('Deleted'),

  connectionLost: _('The connection was lost. Trying to get back in…'),
  connectionBack: _('You are back'),
  mediaInterrupted: _('Sound and picture are interrupted. Trying to get them back…'),
  endedLeft: _('You left the room'),
  endedReplaced: _('You are in this room somewhere else'),
  endedReplacedText: _('You opened it in another tab or window. Join again to go on here.'),
  endedKicked: _('The host has asked you to leave'),
  endedShutdown: _('The server is going down for a moment'),
  endedDeleted: _('This room was deleted'),
  endedClosed: _('The host has ended the call'),
  endedClosedByYou: _('You have ended the call'),
  endedExpired: _('The time of this room is up'),
  endedMedia: _('Sound and picture did not get through'),
  endedMediaText: _('A firewall may be in the way. Another network often helps.'),
  endedLost: _('The connection was lost'),
  endedError: _('The call ended'),
  rejoin: _('Join again'),
  home: _('Another room'),
  reconnecting: _('Trying to get back in…'),

  deniedMicrophone: _(
    'The browser may not use your microphone. Allow it by the icon beside the address, then turn it on here. You can listen meanwhile.',
  ),
  deniedCamera: _(
    'The browser may not use your camera. Allow it by the icon beside the address, then turn it on here. You can watch meanwhile.',
  ),
  deniedBoth: _(
    'The browser may use neither camera nor microphone. Allow them by the icon beside the address, then turn them on here. You can watch, listen and write meanwhile.',
  ),
  missingMicrophone: _('No microphone was found. You can listen, and write in the chat.'),
  missingCamera: _('No camera was found. The others hear you all the same.'),
  busyMicrophone: _('The microphone is in use by another program.'),
  busyCamera: _('The camera is in use by another program.'),
  insecure: _('Browsers give camera and microphone to https:// pages only. You can watch, listen and write.'),
  screenFailed: _('The screen cannot be shared: {message}'),
  deviceFailed: _('The device cannot be used: {message}'),

  error_room_full: _('This room is full. Try again when somebody has left.'),
  error_room_locked: _('This room is locked: the host lets nobody new in.'),
  error_room_not_found: _('There is no such room, and this server lets nobody create one.'),
  error_create_forbidden: _('There is no such room, and this server lets nobody create one.'),
  error_room_deleted: _('This room was deleted'),
  error_room_closed: _('The host has ended the call'),
  error_room_expired: _('The time of this room is up. It will be a while until it can be opened again.'),
  error_room_exists: _('There is a room of this name already. Join it without more options, or take another name.'),
  error_not_admitted: _('The host has not let you in. You can ask again later.'),
  error_forbidden: _('Only the host can do this.'),
  error_unknown_participant: _('They have left already.'),
  error_invalid_params: _('This room name will not do: up to 64 characters, without “/”.'),
  error_disk_full: _('The server has no room for a recording.'),
  error_too_many_jobs: _('The server records as much as it may. Try again later.'),
  error_unknown_pipeline: _('This server is not set up for recording.'),
  error_store_unavailable: _('The server cannot reach its memory. Try again in a moment.'),
  error_shutting_down: _('The server is going down. Try again in a moment.'),
  error_too_many_requests: _('That was too fast. Try again in a moment.'),
  error_unreachable: _('The server cannot be reached. Is your network up?'),
  error_connection_lost: _('The server cannot be reached. Is your network up?'),
  error_timeout: _('The server did not answer in time. Try again.'),
  error_media_error: _('Sound and picture could not be set up: {message}'),
  error_other: _('Something went wrong: {message}'),
};

/** @type {Object<string, string>} English to the language of the page; empty for English. */
let catalogue = {};

export function setCatalogue(translations) {
  catalogue = translations;
}

/** The text for `key`, with `{words}` taken from `values`. */
export function text(key, values = {}) {
  const english = STRINGS[key];
  return (catalogue[english] ?? english).replace(/\{(\w+)\}/g, (_match, word) => values[word]);
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
  element.setAttribute(element.matches('img') ? 'alt' : 'aria-label', label);
  if (element.matches('button, a')) {
    element.title = label;
  }
}
