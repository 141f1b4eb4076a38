-- A room's history, oldest first; of an ephemeral room only what is not older than `since` (RFC 3339, UTC: it sorts as
-- text).
local id, since = find(ARGV[1]), ARGV[2]
local messages = {}

if not id then return 'room_not_found' end
local is_ephemeral = redis.call('HGET', room_key(id), 'lifetime') == 'ephemeral'
for _, message in ipairs(redis.call('LRANGE', chat_key(id), 0, -1)) do
  if not is_ephemeral or cjson.decode(message).timestamp >= since then table.insert(messages, message) end
end
return messages
