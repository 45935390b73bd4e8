export { startScriptedHub, type HubAnswers, type ScriptedHub } from './hub.ts';
export { startScriptedServer, type ScriptedRequest, type ScriptedServer } from './server.ts';
