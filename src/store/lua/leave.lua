-- Takes out a member, or somebody who waits, if they are still in this session; no reply when there is no room (any
-- more). old_token: of a join that failed, and may have been a come-back all the same.
local _, _, name, who, session, old_token = unpack(ARGV)

if is_fenced() then return 'fenced' end
local id = find(name)
if not id then return false end

local function is_here(key, member)
  local person = read(key, member)

  return redis.call('HEXISTS', key, member) == 1 and (not person or person.session == session)
end

local member = is_here(members_key(id), who) and who or member_of_token(id, old_token)
local is_waiting = is_here(waiting_key(id), who)
if member and is_here(members_key(id), member) then
  take_out(id, member)
  if not settle(id) then return false end
  -- The caller too, where the member may have been seen as another node's.
  announce(id, 'changed', old_token == '' and caller.node or nil)
elseif is_waiting then
  take_out_waiting(id, who)
  if not settle(id) then return false end
  -- The caller too: who waits is not in the reply.
  announce(id, 'changed')
end
return describe(id)
