# The contract is part of the program; the program is built anew when the contract changes.
set_source_files_properties(${CMAKE_SOURCE_DIR}/src/api/openapi.S PROPERTIES
  COMPILE_DEFINITIONS "OPENAPI_JSON=\"${CMAKE_SOURCE_DIR}/api/openapi.json\""
  OBJECT_DEPENDS ${CMAKE_SOURCE_DIR}/api/openapi.json)
