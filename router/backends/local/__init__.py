"""The embedded Lambda service: functions as local processes behind AWS's own Runtime API.

launch       how a function's process is started (interpreter, runtime client, search paths); asked once per function
variables    its environment, built from zero
invoker      LocalInvoker: limits, refusals, start, stop, status
pool         the environments of one function: reuse, start, reload, reap
environment  one process with its Runtime API port and the invocation that it works on
runtime_api  the state machine of that port; runtime_http: its HTTP connections
execution    one invocation: log, figures, outcome; failures: the error objects that Lambda itself makes
process, guard, memory, output, reload    what their names say
clients/     run inside the function's own interpreter, never imported here
"""
