local id = find(ARGV[3])

if not id then return 'room_not_found' end
return describe(id)
