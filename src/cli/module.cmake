# The dashboard, when `make web` has built it.
set(AUDIAPRO_WEB_DIR "${CMAKE_SOURCE_DIR}/build/web" CACHE PATH "where `make web` put assets.c and assets.S")
if(EXISTS ${AUDIAPRO_WEB_DIR}/assets.c)
  target_sources(cli PRIVATE ${AUDIAPRO_WEB_DIR}/assets.c ${AUDIAPRO_WEB_DIR}/assets.S)
  set_source_files_properties(${AUDIAPRO_WEB_DIR}/assets.S PROPERTIES OBJECT_DEPENDS ${AUDIAPRO_WEB_DIR}/assets.c)
  target_compile_definitions(cli PRIVATE AUDIAPRO_HAS_WEB)
endif()
