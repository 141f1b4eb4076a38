-- Adds a message (JSON with id and timestamp) to a room's history, which keeps the last max_messages.
local id, message, max_messages, ttl_s = find(ARGV[1]), ARGV[2], tonumber(ARGV[3]), ARGV[4]

if not id then return 'room_not_found' end
-- A second run of the same call adds nothing.
for _, known in ipairs(redis.call('LRANGE', chat_key(id), -8, -1)) do
  if known == message then return {} end
end
redis.call('RPUSH', chat_key(id), message)
redis.call('LTRIM', chat_key(id), -max_messages, -1)
if redis.call('HGET', room_key(id), 'lifetime') == 'ephemeral' then
  redis.call('EXPIRE', chat_key(id), ttl_s)
end
return {}
