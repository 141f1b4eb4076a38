-- Takes everybody out of a room; one that is ephemeral goes.
local _, _, name, host = unpack(ARGV)
local id, refusal = find_for_host(name, host)

if not id then return refusal end
announce(id, 'closed', caller.node)
dismiss(id)
if field(id, 'lifetime') == 'ephemeral' then
  bury(id)
  delete(id)
  return {}
end
for _, who in ipairs(redis.call('HKEYS', members_key(id))) do
  take_out(id, who)
  bury(who)
end
return {}
