export type { Patcher, Renderer, RendererKind, RenderInput } from './port.ts';
