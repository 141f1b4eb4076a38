-- Edits a message of a room's history, or deletes it (text ''). author '' may delete anybody's.
local id, message_id, author, text = find(ARGV[1]), ARGV[2], ARGV[3], ARGV[4]

if not id then return 'room_not_found' end
local messages = redis.call('LRANGE', chat_key(id), 0, -1)
for i = #messages, 1, -1 do
  local message = cjson.decode(messages[i])
  if message.id == message_id then
    if author ~= '' and message.from ~= author then return 'forbidden' end
    if text == '' then
      redis.call('LREM', chat_key(id), 1, messages[i])
    else
      message.message, message.edited = text, true
      redis.call('LSET', chat_key(id), i - 1, cjson.encode(message))
    end
    return {}
  end
end
return 'unknown_message'
