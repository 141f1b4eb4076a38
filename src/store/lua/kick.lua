-- Throws a member out.
local _, _, name, host, who = unpack(ARGV)
local id, refusal = find_for_host(name, host)

if not id then return refusal end
if redis.call('HEXISTS', members_key(id), who) == 0 then return 'unknown_participant' end
local person = read(members_key(id), who)
take_out(id, who)
bury(who)
if person then tell(person.node, 'kicked', { room = id, member = who, session = person.session }) end
if settle(id) then announce(id, 'changed', caller.node) end
return {}
