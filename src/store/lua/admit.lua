-- Lets somebody in who waits, or sends them away.
local _, _, name, host, who, is_admitted = unpack(ARGV)
local id, refusal = find_for_host(name, host)

if not id then return refusal end
local person = read(waiting_key(id), who)
if not person then return 'unknown_participant' end
-- A second run; or too late to send them away.
if person.admitted then return state(id) end
if is_admitted == '1' then
  admit(id, who)
else
  take_out_waiting(id, who)
  tell(person.node, 'denied', { member = who })
end
announce(id, 'changed', caller.node)
return state(id)
