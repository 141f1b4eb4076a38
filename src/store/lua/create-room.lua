-- Creates a room, unless another has its name.
local id, slug, lifetime, max_members, created_at, owner = unpack(ARGV)
local taken_by = find(slug)

if taken_by and taken_by ~= id then return 'room_exists' end
if not taken_by then create(id, slug, lifetime, max_members, created_at, owner) end
return describe(id)
