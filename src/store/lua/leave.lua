-- Removes a member; no reply when there is no room (any more).
local id, member = find(ARGV[1]), ARGV[2]

if not id or not remove(id, member) then return false end
return describe(id)
