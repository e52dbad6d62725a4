//===- Stream.cpp - entry points of streams, events and graphs ------------===//

#include "tools/simt/driver/Driver.h"

using namespace bcssl::simt;

BCSSL_SIMT_EXPORT CUresult cuStreamCreate(Stream **handle, unsigned flags) {
  return enter("cuStreamCreate", [&](Driver &driver) {
    auto stream = std::make_unique<Stream>();
    *handle = stream.get();
    driver.streams.emplace(*handle, std::move(stream));
    return CUDA_SUCCESS;
  });
}

BCSSL_SIMT_EXPORT CUresult cuStreamDestroy_v2(Stream *handle) {
  return enter("cuStreamDestroy_v2", [&](Driver &driver) {
    if (!driver.streams.contains(handle))
      return CUDA_ERROR_INVALID_HANDLE;
    CUresult result =
        handle->isCapturing ? CUDA_SUCCESS : driver.drain(*handle);
    driver.streams.erase(handle);
    return result;
  });
}

BCSSL_SIMT_EXPORT CUresult cuStreamSynchronize(Stream *handle) {
  return enter("cuStreamSynchronize", [&](Driver &driver) {
    Stream *stream = driver.streamOf(handle);
    return stream ? driver.drain(*stream) : CUDA_ERROR_INVALID_HANDLE;
  });
}

BCSSL_SIMT_EXPORT CUresult cuStreamQuery(Stream *handle) {
  return enter("cuStreamQuery", [&](Driver &driver) {
    Stream *stream = driver.streamOf(handle);
    return stream ? driver.drain(*stream) : CUDA_ERROR_INVALID_HANDLE;
  });
}

BCSSL_SIMT_EXPORT CUresult cuStreamWaitEvent(Stream *handle, Event *event,
                                             unsigned flags) {
  return enter("cuStreamWaitEvent", [&](Driver &driver) {
    Stream *stream = driver.streamOf(handle);
    if (!stream || !driver.events.contains(event))
      return CUDA_ERROR_INVALID_HANDLE;
    // Graphs of several streams are not drawn here.
    if (stream->isCapturing)
      return CUDA_ERROR_NOT_SUPPORTED;
    if (!event->recording)
      return CUDA_SUCCESS;
    return driver.enqueue(*stream,
                          [recording = event->recording](Driver &driver) {
                            return driver.finish(*recording);
                          });
  });
}

BCSSL_SIMT_EXPORT CUresult cuEventCreate(Event **handle, unsigned flags) {
  return enter("cuEventCreate", [&](Driver &driver) {
    auto event = std::make_unique<Event>();
    *handle = event.get();
    driver.events.emplace(*handle, std::move(event));
    return CUDA_SUCCESS;
  });
}

BCSSL_SIMT_EXPORT CUresult cuEventDestroy_v2(Event *event) {
  return enter("cuEventDestroy_v2", [&](Driver &driver) {
    return driver.events.erase(event) ? CUDA_SUCCESS
                                      : CUDA_ERROR_INVALID_HANDLE;
  });
}

BCSSL_SIMT_EXPORT CUresult cuEventRecord(Event *event, Stream *handle) {
  return enter("cuEventRecord", [&](Driver &driver) {
    Stream *stream = driver.streamOf(handle);
    if (!stream || !driver.events.contains(event))
      return CUDA_ERROR_INVALID_HANDLE;
    event->recording = std::make_shared<Recording>();
    event->recording->stream = stream;
    return driver.enqueue(*stream, [recording = event->recording](Driver &) {
      recording->time = std::chrono::steady_clock::now();
      recording->isDone = true;
      return CUDA_SUCCESS;
    });
  });
}

BCSSL_SIMT_EXPORT CUresult cuEventSynchronize(Event *event) {
  return enter("cuEventSynchronize", [&](Driver &driver) {
    if (!driver.events.contains(event))
      return CUDA_ERROR_INVALID_HANDLE;
    return event->recording ? driver.finish(*event->recording) : CUDA_SUCCESS;
  });
}

BCSSL_SIMT_EXPORT CUresult cuEventQuery(Event *event) {
  return enter("cuEventQuery", [&](Driver &driver) {
    if (!driver.events.contains(event))
      return CUDA_ERROR_INVALID_HANDLE;
    return !event->recording || event->recording->isDone ? CUDA_SUCCESS
                                                         : CUDA_ERROR_NOT_READY;
  });
}

BCSSL_SIMT_EXPORT CUresult cuEventElapsedTime(float *milliseconds, Event *start,
                                              Event *end) {
  return enter("cuEventElapsedTime", [&](Driver &driver) {
    if (!driver.events.contains(start) || !driver.events.contains(end) ||
        !start->recording || !end->recording)
      return CUDA_ERROR_INVALID_HANDLE;
    if (!start->recording->isDone || !end->recording->isDone)
      return CUDA_ERROR_NOT_READY;
    std::chrono::duration<float, std::milli> span =
        end->recording->time - start->recording->time;
    *milliseconds = span.count();
    return CUDA_SUCCESS;
  });
}

BCSSL_SIMT_EXPORT CUresult cuStreamBeginCapture_v2(Stream *handle, int mode) {
  return enter("cuStreamBeginCapture_v2", [&](Driver &driver) {
    if (!driver.streams.contains(handle)) // nor the default stream
      return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    if (handle->isCapturing)
      return CUDA_ERROR_INVALID_VALUE;
    handle->isCapturing = true;
    handle->captureFailed = false;
    handle->captured = std::make_shared<Tasks>();
    return CUDA_SUCCESS;
  });
}

BCSSL_SIMT_EXPORT CUresult cuStreamEndCapture(Stream *handle, Graph **graph) {
  return enter("cuStreamEndCapture", [&](Driver &driver) {
    *graph = nullptr;
    if (!driver.streams.contains(handle) || !handle->isCapturing)
      return CUDA_ERROR_INVALID_VALUE;
    handle->isCapturing = false;
    if (handle->captureFailed)
      return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
    auto drawn = std::make_unique<Graph>();
    drawn->tasks = std::move(handle->captured);
    *graph = drawn.get();
    driver.graphs.emplace(*graph, std::move(drawn));
    return CUDA_SUCCESS;
  });
}

BCSSL_SIMT_EXPORT CUresult cuGraphInstantiateWithFlags(
    GraphExec **handle, Graph *graph, unsigned long long flags) {
  return enter("cuGraphInstantiateWithFlags", [&](Driver &driver) {
    if (!driver.graphs.contains(graph))
      return CUDA_ERROR_INVALID_VALUE;
    auto exec = std::make_unique<GraphExec>();
    exec->tasks = graph->tasks;
    *handle = exec.get();
    driver.graphExecs.emplace(*handle, std::move(exec));
    return CUDA_SUCCESS;
  });
}

BCSSL_SIMT_EXPORT CUresult cuGraphLaunch(GraphExec *exec, Stream *handle) {
  return enter("cuGraphLaunch", [&](Driver &driver) {
    Stream *stream = driver.streamOf(handle);
    if (!stream || !driver.graphExecs.contains(exec))
      return CUDA_ERROR_INVALID_HANDLE;
    return driver.enqueue(*stream, [tasks = exec->tasks](Driver &driver) {
      for (const Task &task : *tasks)
        if (CUresult result = task(driver); result != CUDA_SUCCESS)
          return result;
      return CUDA_SUCCESS;
    });
  });
}

BCSSL_SIMT_EXPORT CUresult cuGraphExecDestroy(GraphExec *exec) {
  return enter("cuGraphExecDestroy", [&](Driver &driver) {
    return driver.graphExecs.erase(exec) ? CUDA_SUCCESS
                                         : CUDA_ERROR_INVALID_HANDLE;
  });
}

BCSSL_SIMT_EXPORT CUresult cuGraphDestroy(Graph *graph) {
  return enter("cuGraphDestroy", [&](Driver &driver) {
    return driver.graphs.erase(graph) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
  });
}
