export { startScriptedServer, type ScriptedRequest, type ScriptedServer } from './server.ts';
