# The engine's driver is compiled where the engine was built (tools/fetch-engine); else the module says so at run time.
include(${CMAKE_SOURCE_DIR}/cmake/engine.cmake)
if(TARGET speech_engine)
  target_link_libraries(speech PRIVATE speech_engine)
  target_compile_definitions(speech PRIVATE SPEECH_ENGINE=1)
endif()
