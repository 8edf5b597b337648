# The target speech_engine: the static archives that tools/fetch-engine built once in build/engine, for every
# configuration to link. There is no such target where they are absent; building looks for them each time.
set(AUDIAPRO_ENGINE_BUILD "${CMAKE_SOURCE_DIR}/build/engine" CACHE PATH "where tools/fetch-engine built the engine")
file(GLOB engine_complete CONFIGURE_DEPENDS ${AUDIAPRO_ENGINE_BUILD}/complete)
if(engine_complete AND NOT TARGET speech_engine)
  add_library(speech_engine INTERFACE)
  target_include_directories(speech_engine SYSTEM INTERFACE ${AUDIAPRO_ENGINE_BUILD}/include)
  # The order is the dependence; the C++ runtime last. Their objects are plain, whatever ours are built with.
  target_link_libraries(speech_engine INTERFACE
    ${AUDIAPRO_ENGINE_BUILD}/lib/libwhisper.a ${AUDIAPRO_ENGINE_BUILD}/lib/libggml.a
    ${AUDIAPRO_ENGINE_BUILD}/lib/libggml-cpu.a ${AUDIAPRO_ENGINE_BUILD}/lib/libggml-base.a
    stdc++ m Threads::Threads ${CMAKE_DL_LIBS})
endif()
