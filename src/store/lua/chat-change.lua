-- Edits a message of a room's history, or deletes it (text ''): its author's right, and the host's to delete.
local _, _, name, message_id, actor, text = unpack(ARGV)

if is_fenced() then return 'fenced' end
local id = find(name)
if not id then return 'room_not_found' end
local messages = redis.call('LRANGE', chat_key(id), 0, -1)
for i = #messages, 1, -1 do
  local is_json, message = pcall(cjson.decode, messages[i])
  if is_json and type(message) == 'table' and message.id == message_id then
    if message.from ~= actor and not (text == '' and host_of(id) == actor) then return 'forbidden' end
    if text == '' then
      redis.call('LREM', chat_key(id), 1, messages[i])
      announce(id, 'chat_deleted', caller.node, { message_id = message_id })
    else
      message.message, message.edited = text, true
      redis.call('LSET', chat_key(id), i - 1, cjson.encode(message))
      announce(id, 'chat_edited', caller.node, { message_id = message_id, text = text })
    end
    return {}
  end
end
return 'unknown_message'
